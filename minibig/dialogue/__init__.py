"""Dialogues: how they are written in tokens, learned from, answered, and held as a conversation.

Read in this order: forms (a dialogue as token ids), batches (what a model learns from),
conversation (what was said, and what of it fits into the context), answering (what a model says),
session (a chat).
"""

from typing import TYPE_CHECKING

from minibig.contents import contents as _contents

if TYPE_CHECKING:  # each name comes from its module when it is first asked for
    from minibig.dialogue.answering import (
        Answer,
        TokenChoice,
        answers_in_turn,
        answers_to,
        token_choices,
    )
    from minibig.dialogue.batches import DialogueBatches, dialogue_evaluation_batches
    from minibig.dialogue.conversation import Conversation
    from minibig.dialogue.forms import (
        DIALOGUE_TOKENS,
        DialogueForm,
        TaughtDialogue,
        Transcript,
        dialogue_form,
        dialogue_ids,
        dialogue_tokens,
        prompt_ids,
        speaks_dialogue,
    )
    from minibig.dialogue.session import ChatSession, ChatSettings
else:
    __getattr__ = _contents(__name__, __file__)

__all__ = [
    "DIALOGUE_TOKENS",
    "Answer",
    "ChatSession",
    "ChatSettings",
    "Conversation",
    "DialogueBatches",
    "DialogueForm",
    "TaughtDialogue",
    "TokenChoice",
    "Transcript",
    "answers_in_turn",
    "answers_to",
    "dialogue_evaluation_batches",
    "dialogue_form",
    "dialogue_ids",
    "dialogue_tokens",
    "prompt_ids",
    "speaks_dialogue",
    "token_choices",
]
