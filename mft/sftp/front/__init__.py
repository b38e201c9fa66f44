"""Before the sign-on: who may knock, how often and for how long; and the sign-on itself."""
