"""Sources of attributes. Each folder is a connector: manifest, reader, simulator and samples, knowing no other one."""
