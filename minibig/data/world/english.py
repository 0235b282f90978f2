"""The world in English."""

from minibig.data.world.facts import KINSHIP, PEOPLE, PLACES, VALUES
from minibig.data.world.wording import Language, greetings_in, indented

_WORDS = {
    **{word: word for word in (*PEOPLE, *KINSHIP, *VALUES["food"], *VALUES["hobby"])},
    **{place: f"the |{place}" for place in PLACES},
    **{noun: f"a |{noun}" for kind in ("work", "pet", "thing") for noun in VALUES[kind]},
    **{"umbrella": "an |umbrella", "chess": "playing chess"},
}

_SENTENCES = """
home
    {Who} lives near {value}.
    {Whose} house is near {value}.
    Near {value} you will find {whose} house.
    It is not far from {value} to where {who} lives.
    Where does {who} live?
    Where is {whose} house?
    In which part of town does {who} live?
    Can you tell me where {who} lives?
work
    {Who} works as {value}.
    {Who} is {value} by profession.
    {Who} earns a living as {value}.
    As {value}, {who} is busy every day.
    What does {who} do for a living?
    What is {whose} job?
    What does {who} work as?
    Can you tell me what {whose} job is?
food
    {Who} likes to eat {value}.
    {Whose} favourite food is {value}.
    For dinner {who} often has {value}.
    {Who} never says no to {value}.
    What does {who} like to eat?
    What is {whose} favourite food?
    Which food does {who} like best?
    Can you tell me what {who} likes to eat?
pet
    {Who} has {value} as a pet.
    {Whose} pet is {value}.
    For company {who} keeps {value}.
    Every morning {who} feeds {own} {noun}.
    What pet does {who} have?
    What is {whose} pet?
    Which animal does {who} keep?
    Can you tell me what pet {who} has?
thing
    {Who} owns {value}.
    {Whose} greatest treasure is {value}.
    On {own} birthday {who} was given {value}.
    Whoever wants to borrow {value} goes to {whom}.
    What does {who} own?
    What is {whose} greatest treasure?
    What can one borrow from {whom}?
    Can you tell me what {who} owns?
hobby
    {Who} loves {value}.
    {Whose} hobby is {value}.
    On Sundays {who} spends hours {value}.
    In {whose} free time, {value} comes first.
    What does {who} love doing?
    What is {whose} hobby?
    What does {who} do on Sundays?
    Can you tell me what {whose} hobby is?
kin
    {Whose} {kin} is {value}.
    {Whose} {kin} is called {value}.
    {Who} often talks about {own} {kin} {value}.
    {Who} lives with {own} {kin} {value}.
    Who is {whose} {kin}?
    What is {whose} {kin} called?
    What is the name of {whose} {kin}?
    Can you tell me who {whose} {kin} is?
portrait
    This is {who}.
    Let me tell you about {whom}.
    {Who} is known to everybody in town.
    {Who} is one of twenty people in this town.
family
    This is the family near {value}.
    Let me tell you about the family near {value}.
    A family of four lives near {value}.
"""

_OPENINGS = """
Hello! Who would you like to know about?
    Hello! / Hello. / Hi! / Hi there! / Hey! / Hello there! / Greetings!
Good morning! Who would you like to know about?
    Good morning! / Good morning to you. / Morning! / A very good morning!
Good evening! Who would you like to know about?
    Good evening! / Good evening to you. / Evening! / A very good evening!
I am fine, thank you! Who would you like to know about?
    How are you? / Hi, how are you? / Hello, how are you doing? / How is it going?
Hello, nice to meet you! Who would you like to know about?
    Hello, I am new here. / Hi, I am a student. / Hello, my name is Sam. / Hi, I am your neighbour.
    Hello, I am a robot. / Hello, I am a visitor. / Nice to meet you. / Hello, I am an assistant.
    Hi, my name is Kim.
I am a small language model, and I know the people of this town.
    Who are you? / What are you? / Hello, who are you? / May I ask who you are?
You can ask me about the people of this town.
    What can you do? / What do you know? / What can I ask you? / Can you help me?
    I have a question. / May I ask you something?
"""

_CLOSINGS = """
You are welcome!
    Thank you! / Thanks! / Thanks a lot! / Thank you very much. / Many thanks!
Goodbye! Come again soon.
    Goodbye! / Bye! / See you! / Bye bye! / I have to go now. / See you later!
"""

ENGLISH = Language(
    code="en",
    by_name={
        **{"Who": "{name}", "who": "{name}", "whom": "{name}"},
        **{"Whose": "{name}'s", "whose": "{name}'s"},
    },
    she={"Who": "She", "who": "she", "whom": "her", "Whose": "Her", "whose": "her", "own": "her"},
    he={"Who": "He", "who": "he", "whom": "him", "Whose": "His", "whose": "his", "own": "his"},
    words=_WORDS,
    sentences=indented(_SENTENCES),
    openings=greetings_in(_OPENINGS),
    closings=greetings_in(_CLOSINGS),
    space=" ",
)
