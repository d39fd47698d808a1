"""How sources are asked: the runtime owns deadline, address policy, redaction and outcome; a connector only maps."""
