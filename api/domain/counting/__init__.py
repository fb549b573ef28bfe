"""Statements counted by who, where and when, and the figures they give."""
