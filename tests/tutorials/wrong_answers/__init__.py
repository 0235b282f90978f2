"""Typical wrong answers to the exercises, each with words that its explanation must have."""
