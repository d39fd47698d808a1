"""`make bench`: CPU per unit of work of our processes beside npm oidc-provider, in one run, printed as ratios."""
