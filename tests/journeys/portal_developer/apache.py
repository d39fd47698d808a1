"""Debian's Apache from a configuration of its own, with libapache2-mod-auth-openidc before two pages."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tests.services import binary

_MODULES = Path("/usr/lib/apache2/modules")
_PAGE = """<!--#if expr="v('OIDC_CLAIM_sub') == ''" -->{"signed_in": false}<!--#else -->{"signed_in": true,
"claims": {"sub": "<!--#echo encoding="none" var="OIDC_CLAIM_sub" -->",
 "acr": "<!--#echo encoding="none" var="OIDC_CLAIM_acr" -->",
 "iss": "<!--#echo encoding="none" var="OIDC_CLAIM_iss" -->"},
"person": {"sub": "<!--#echo encoding="none" var="OIDC_CLAIM_sub" -->",
 "name": "<!--#echo encoding="none" var="OIDC_CLAIM_name" -->"}}<!--#endif -->
"""
_SERVER = """
ServerName {host}
Listen {host}:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
DefaultRuntimeDir {folder}
Mutex file:{folder}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
{rights}
DocumentRoot {folder}/pages
"""
_SETTINGS = """
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule include_module {modules}/mod_include.so
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
<Directory {folder}/pages>
  Options +Includes
  SetOutputFilter INCLUDES
  Require all granted
</Directory>

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {secret}
OIDCRedirectURI {base}/inside/back
OIDCCryptoPassphrase of-this-portal-alone
OIDCScope "openid profile"
OIDCPKCEMethod S256
OIDCIDTokenSignedResponseAlg ES256
OIDCCookiePath /
OIDCRemoteUserClaim sub
OIDCPassClaimsAs environment
<Location /inside/>
  AuthType openid-connect
  Require valid-user
</Location>
<Location /home.shtml>
  AuthType openid-connect
  OIDCUnAuthAction pass
  Require valid-user
</Location>
"""


def apache2(module: str = "auth-openidc") -> str:
    """Return the server; `.ci/install` brings it with its modules."""
    found = binary("apache2", "apache2")
    file = f"mod_{module.replace('-', '_')}.so"
    assert (_MODULES / file).exists(), f"run `apt-get install libapache2-mod-{module}`"
    return str(found)


def lay_server(base: str, pages: Mapping[str, str], settings: str, **words: object) -> Path:
    """Write configuration and pages into a folder that the server's own user may read; return the folder."""
    folder = Path(tempfile.mkdtemp(prefix="gate06-apache-"))
    for name, page in pages.items():
        file = folder / "pages" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, "utf-8")
    address = urlsplit(base)
    words |= {"folder": folder, "modules": _MODULES, "base": base, "host": address.hostname, "port": address.port}
    words["rights"] = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    (folder / "apache.conf").write_text((_SERVER + settings).format(**words), "utf-8")
    folder.chmod(0o755)
    return folder


def write_server(base: str, issuer: str, client_id: str, secret: str) -> Path:
    """Write a server that signs people in; return its folder."""
    pages = {"home.shtml": _PAGE, "inside/home.shtml": _PAGE, "signed-out": '{"signed_in": false}'}
    return lay_server(base, pages, _SETTINGS, issuer=issuer, client_id=client_id, secret=secret)
