"""Everything signed or encrypted that leaves or enters the house: keys, JOSE policies, issuing and verifying."""
