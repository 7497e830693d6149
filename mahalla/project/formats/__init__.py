"""Django's formats where ours differ."""
