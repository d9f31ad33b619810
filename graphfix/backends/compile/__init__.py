"""Handing a model to a real compiler: the verdict, the nodes that a rejection blames, and the artifact."""
