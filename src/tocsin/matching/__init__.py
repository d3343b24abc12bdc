"""Pure: a decoded bundle and a plan give matches."""
