"""The pages: each turns a form into a call of a room, and its answer into a page."""
