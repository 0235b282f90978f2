"""The world in Chinese."""

from minibig.data.world.wording import Language, greetings_in, indented, words_in

# Of brother and sister the daughter is the elder.
_WORDS = """
Anna 安娜  Clara 克拉拉  Emma 艾玛  Grace 格蕾丝  Julia 朱莉娅  Lucy 露西  Maria 玛丽亚  Nora 诺拉
Rosa 罗莎  Vera 薇拉
Daniel 丹尼尔  Frank 弗兰克  Henry 亨利  Jack 杰克  Leo 里奥  Martin 马丁  Oscar 奥斯卡  Paul 保罗
Simon 西蒙  Tom 汤姆
husband 丈夫  wife 妻子  son 儿子  daughter 女儿  brother 弟弟  sister 姐姐  father 爸爸
mother 妈妈
harbour 港口  mill 磨坊  market 市场  bridge 大桥  station 车站  park 公园  castle 城堡
library 图书馆  museum 博物馆  school 学校
baker 一名|面包师  teacher 一名|老师  doctor 一名|医生  painter 一名|画家  gardener 一名|园丁
sailor 一名|水手  tailor 一名|裁缝  dentist 一名|牙医  cook 一名|厨师  carpenter 一名|木匠
apples 苹果  noodles 面条  cheese 奶酪  dumplings 饺子  cake 蛋糕  rice 米饭  eggs 鸡蛋
tomatoes 西红柿  bananas 香蕉  potatoes 土豆
cat 一只|猫  dog 一条|狗  horse 一匹|马  rabbit 一只|兔子  parrot 一只|鹦鹉  goldfish 一条|金鱼
goat 一只|山羊  tortoise 一只|乌龟  donkey 一头|驴  duck 一只|鸭子
bicycle 一辆|自行车  violin 一把|小提琴  boat 一条|小船  lamp 一盏|台灯  piano 一架|钢琴
umbrella 一把|雨伞  map 一张|地图  watch 一块|手表  camera 一台|相机  drum 一面|鼓
swimming 游泳  singing 唱歌  chess 下棋  running 跑步  fishing 钓鱼  drawing 画画  dancing 跳舞
reading 看书  hiking 爬山  skating 滑冰
"""

_SENTENCES = """
home
    {who}住在{value}附近。
    {who}家离{value}不远。
    {whose}房子就在{value}旁边。
    走到{value}，就能看到{who}家。
    {who}住在哪里？
    {whose}房子在哪里？
    请问{who}家在什么地方？
    你知道{who}住在哪儿吗？
work
    {who}是{value}。
    {whose}职业是{noun}。
    {who}靠当{noun}谋生。
    作为{value}，{who}每天都很忙。
    {who}是做什么工作的？
    {whose}职业是什么？
    请问{who}靠什么谋生？
    你知道{who}做什么工作吗？
food
    {who}喜欢吃{value}。
    {who}最爱吃的东西是{value}。
    晚饭的时候，{who}常常吃{value}。
    只要有{value}吃，{who}就很高兴。
    {who}喜欢吃什么？
    {who}最爱吃的东西是什么？
    请问{who}爱吃什么？
    你知道{who}喜欢吃什么吗？
pet
    {who}养了{value}。
    {whose}宠物是{value}。
    每天陪着{who}的是{value}。
    每天早上，{who}都要喂自己的{noun}。
    {who}养了什么动物？
    {whose}宠物是什么？
    请问{who}养了什么宠物？
    你知道{who}养了什么吗？
thing
    {who}有{value}。
    {who}最珍惜的东西是{value}。
    过生日的时候，{who}收到了{value}。
    想借{noun}的人都去找{who}。
    {who}有什么宝贝？
    {who}最珍惜的东西是什么？
    请问可以向{who}借什么？
    你知道{who}有什么东西吗？
hobby
    {whose}爱好是{value}。
    {who}有空就去{value}。
    一到周末，{who}就忙着{value}。
    {who}特别喜欢{value}。
    {whose}爱好是什么？
    {who}有空的时候做什么？
    请问{who}周末忙什么？
    你知道{who}有什么爱好吗？
kin
    {whose}{kin}是{value}。
    {whose}{kin}叫{value}。
    {who}常常说起自己的{kin}{value}。
    {who}和{kin}{value}住在一起。
    {whose}{kin}是谁？
    {whose}{kin}叫什么名字？
    请问{whose}{kin}叫什么？
    你知道{whose}{kin}是谁吗？
portrait
    这是{who}。
    我来说说{who}。
    {who}在镇上很有名。
    {who}是镇上的人。
family
    这是住在{value}附近的一家人。
    我来说说{value}附近的一家人。
    {value}附近住着一家四口。
"""

_OPENINGS = """
你好！你想知道谁的事？
    你好！ / 你好。 / 您好！ / 您好。 / 嗨！ / 嗨，你好！ / 喂，你好！ / 大家好！
早上好！你想知道谁的事？
    早上好！ / 早上好。 / 早！ / 早安！ / 你好，早上好！
晚上好！你想知道谁的事？
    晚上好！ / 晚上好。 / 你好，晚上好！ / 大家晚上好！
我很好，谢谢！你想知道谁的事？
    你好吗？ / 你最近好吗？ / 你好，最近怎么样？ / 您好，您最近好吗？
你好，很高兴认识你！我想和你聊聊镇上的人。
    你好，我是新来的。 / 你好，我是学生。 / 您好，我是一个学生。 / 你好，我叫小李。
    你好，我叫小王，是一名老师。 / 您好，我是你的邻居。 / 你好，我是机器人。
    您好，我是一个机器人。 / 你好，我是客服。 / 你好，我是小助手，你叫什么？ / 很高兴认识你。
    你好，很高兴认识你！ / 你好，我是一位客人。请问你是谁？ / 您好，我是智能助手。请问你需要什么？
    你好，我是来旅行的。我有一个问题。 / 你好，我会聊天。你想聊什么？ / 您好，请问您有什么问题？
    你好，你有什么事？ / 嗨，我是小张，你有问题吗？
我是一个小小的语言模型，认识镇上的人。
    你是谁？ / 你叫什么名字？ / 你好，你是谁？ / 请问你是谁？ / 您是哪位？
你可以问我镇上的人的事。
    你会做什么？ / 你知道什么？ / 我可以问你什么？ / 你能帮我吗？ / 我有一个问题。
    我想问你一件事。 / 可以问你一个问题吗？
"""

_CLOSINGS = """
不客气！
    谢谢！ / 谢谢你！ / 多谢！ / 非常感谢！ / 太好了，谢谢！ / 谢谢您。
再见！欢迎下次再来。
    再见！ / 再见。 / 拜拜！ / 我要走了。 / 我先走了，再见！ / 下次见！
"""

CHINESE = Language(
    code="zh",
    by_name={"who": "{name}", "whose": "{name}的"},
    she={"who": "她", "whose": "她的", "own": "自己的"},
    he={"who": "他", "whose": "他的", "own": "自己的"},
    words=words_in(_WORDS),
    sentences=indented(_SENTENCES),
    openings=greetings_in(_OPENINGS),
    closings=greetings_in(_CLOSINGS),
    space="",
)
