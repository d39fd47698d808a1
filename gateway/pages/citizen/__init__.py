"""What a citizen meets on the way through a sign-in: choice, notice, failure, signing out, handing over."""
