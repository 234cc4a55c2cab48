"""What a run has to say, as text for people. Pure: figures in, text out."""

__all__: list[str] = []
