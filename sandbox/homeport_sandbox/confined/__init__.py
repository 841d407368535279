"""What runs on the far side: a warm interpreter without secrets, and the layers around each piece of code."""
