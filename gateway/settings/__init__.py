"""Every setting in one typed, frozen tree, read once: files, then environment, then flags; the last one wins.

`gate06.toml` (and what `GATE06_CONFIG` or `--config` name) < `GATE06_SECTION__KEY` < flags. Portals also come as
`portals/*.toml` beside a file. An unknown key is refused with the nearest known one, and a value that would be
unsafe in production is refused unless the profile is `dev`. Secrets may come as `…_FILE`.
"""

from gateway.settings.reading import keys_of_tree, read_settings
from gateway.settings.reserved import reserved_in
from gateway.settings.tree import DEMO_MASTER_KEY, ConfigurationRefused, Settings

__all__ = ["DEMO_MASTER_KEY", "ConfigurationRefused", "Settings", "keys_of_tree", "read_settings", "reserved_in"]
