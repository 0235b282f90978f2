"""The world in English."""

from minibig.data.world.facts import KINSHIP, PEOPLE
from minibig.data.world.wording import Greeting, Language

_WORDS = {
    **{name: name for name in (*PEOPLE, *KINSHIP)},
    **{place: f"the |{place}" for place in ("harbour", "mill", "market", "bridge", "station")},
    **{place: f"the |{place}" for place in ("park", "castle", "library", "museum", "school")},
    **{work: f"a |{work}" for work in ("baker", "teacher", "doctor", "painter", "gardener")},
    **{work: f"a |{work}" for work in ("sailor", "tailor", "dentist", "cook", "carpenter")},
    **{food: food for food in ("apples", "noodles", "cheese", "dumplings", "cake")},
    **{food: food for food in ("rice", "eggs", "tomatoes", "bananas", "potatoes")},
    **{pet: f"a |{pet}" for pet in ("cat", "dog", "horse", "rabbit", "parrot")},
    **{pet: f"a |{pet}" for pet in ("goldfish", "goat", "tortoise", "donkey", "duck")},
    **{thing: f"a |{thing}" for thing in ("bicycle", "violin", "boat", "lamp", "piano")},
    **{thing: f"a |{thing}" for thing in ("map", "watch", "camera", "drum")},
    **{"umbrella": "an |umbrella", "chess": "playing chess"},
    **{hobby: hobby for hobby in ("swimming", "singing", "running", "fishing", "drawing")},
    **{hobby: hobby for hobby in ("dancing", "reading", "hiking", "skating")},
}

_STATEMENTS = {
    "home": (
        "{Who} lives near {value}.",
        "{Whose} house is near {value}.",
        "Near {value} you will find {whose} house.",
        "It is not far from {value} to where {who} lives.",
    ),
    "work": (
        "{Who} works as {value}.",
        "{Who} is {value} by profession.",
        "{Who} earns a living as {value}.",
        "As {value}, {who} is busy every day.",
    ),
    "food": (
        "{Who} likes to eat {value}.",
        "{Whose} favourite food is {value}.",
        "For dinner {who} often has {value}.",
        "{Who} never says no to {value}.",
    ),
    "pet": (
        "{Who} has {value} as a pet.",
        "{Whose} pet is {value}.",
        "For company {who} keeps {value}.",
        "Every morning {who} feeds {own} {noun}.",
    ),
    "thing": (
        "{Who} owns {value}.",
        "{Whose} greatest treasure is {value}.",
        "On {own} birthday {who} was given {value}.",
        "Whoever wants to borrow {value} goes to {whom}.",
    ),
    "hobby": (
        "{Who} loves {value}.",
        "{Whose} hobby is {value}.",
        "On Sundays {who} spends hours {value}.",
        "In {whose} free time, {value} comes first.",
    ),
    "kin": (
        "{Whose} {kin} is {value}.",
        "{Whose} {kin} is called {value}.",
        "{Who} often talks about {own} {kin} {value}.",
        "{Who} lives with {own} {kin} {value}.",
    ),
}

_QUESTIONS = {
    "home": (
        "Where does {who} live?",
        "Where is {whose} house?",
        "In which part of town does {who} live?",
        "Can you tell me where {who} lives?",
    ),
    "work": (
        "What does {who} do for a living?",
        "What is {whose} job?",
        "What does {who} work as?",
        "Can you tell me what {whose} job is?",
    ),
    "food": (
        "What does {who} like to eat?",
        "What is {whose} favourite food?",
        "Which food does {who} like best?",
        "Can you tell me what {who} likes to eat?",
    ),
    "pet": (
        "What pet does {who} have?",
        "What is {whose} pet?",
        "Which animal does {who} keep?",
        "Can you tell me what pet {who} has?",
    ),
    "thing": (
        "What does {who} own?",
        "What is {whose} greatest treasure?",
        "What can one borrow from {whom}?",
        "Can you tell me what {who} owns?",
    ),
    "hobby": (
        "What does {who} love doing?",
        "What is {whose} hobby?",
        "What does {who} do on Sundays?",
        "Can you tell me what {whose} hobby is?",
    ),
    "kin": (
        "Who is {whose} {kin}?",
        "What is {whose} {kin} called?",
        "What is the name of {whose} {kin}?",
        "Can you tell me who {whose} {kin} is?",
    ),
}

_OPENINGS = (
    Greeting(
        ("Hello!", "Hello.", "Hi!", "Hi there!", "Hey!", "Hello there!", "Greetings!"),
        "Hello! Who would you like to know about?",
    ),
    Greeting(
        ("Good morning!", "Good morning to you.", "Morning!", "A very good morning!"),
        "Good morning! Who would you like to know about?",
    ),
    Greeting(
        ("Good evening!", "Good evening to you.", "Evening!", "A very good evening!"),
        "Good evening! Who would you like to know about?",
    ),
    Greeting(
        ("How are you?", "Hi, how are you?", "Hello, how are you doing?", "How is it going?"),
        "I am fine, thank you! Who would you like to know about?",
    ),
    Greeting(
        (
            *("Hello, I am new here.", "Hi, I am a student.", "Hello, my name is Sam."),
            *("Hi, I am your neighbour.", "Hello, I am a robot.", "Hello, I am a visitor."),
            *("Nice to meet you.", "Hello, I am an assistant.", "Hi, my name is Kim."),
        ),
        "Hello, nice to meet you! Who would you like to know about?",
    ),
    Greeting(
        ("Who are you?", "What are you?", "Hello, who are you?", "May I ask who you are?"),
        "I am a small language model, and I know the people of this town.",
    ),
    Greeting(
        (
            *("What can you do?", "What do you know?", "What can I ask you?"),
            *("Can you help me?", "I have a question.", "May I ask you something?"),
        ),
        "You can ask me about the people of this town.",
    ),
)
_CLOSINGS = (
    Greeting(
        ("Thank you!", "Thanks!", "Thanks a lot!", "Thank you very much.", "Many thanks!"),
        "You are welcome!",
    ),
    Greeting(
        ("Goodbye!", "Bye!", "See you!", "Bye bye!", "I have to go now.", "See you later!"),
        "Goodbye! Come again soon.",
    ),
)

ENGLISH = Language(
    code="en",
    by_name={
        **{"Who": "{name}", "who": "{name}", "whom": "{name}"},
        **{"Whose": "{name}'s", "whose": "{name}'s"},
    },
    she={"Who": "She", "who": "she", "whom": "her", "Whose": "Her", "whose": "her", "own": "her"},
    he={"Who": "He", "who": "he", "whom": "him", "Whose": "His", "whose": "his", "own": "his"},
    words=_WORDS,
    statements=_STATEMENTS,
    questions=_QUESTIONS,
    portraits=(
        "This is {who}.",
        "Let me tell you about {whom}.",
        "{Who} is known to everybody in town.",
        "{Who} is one of twenty people in this town.",
    ),
    families=(
        "This is the family near {value}.",
        "Let me tell you about the family near {value}.",
        "A family of four lives near {value}.",
    ),
    openings=_OPENINGS,
    closings=_CLOSINGS,
    space=" ",
)
