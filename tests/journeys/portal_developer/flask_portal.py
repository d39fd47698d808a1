"""A portal on Authlib's Flask client as it comes: `python flask_portal.py`, where and who it is in the environment."""

import os
from urllib.parse import urlencode, urlsplit

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, redirect, session

ISSUER, BASE = os.environ["GATE06_ISSUER"], os.environ["PORTAL_BASE_URL"]

portal = Flask(__name__)
portal.secret_key = "of this portal alone, for its cookies"
portal.config["SESSION_COOKIE_NAME"] = "portal"
gateway = OAuth(portal).register(
    "gateway",
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_id=os.environ["PORTAL_CLIENT_ID"],
    client_secret=os.environ["PORTAL_CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
)


@portal.get("/login")
def sign_in():
    return gateway.authorize_redirect(f"{BASE}/callback")


@portal.get("/callback")
def come_back():
    tokens = gateway.authorize_access_token()
    session["person"] = dict(gateway.userinfo(token=tokens))
    session["claims"] = dict(tokens["userinfo"])  # the claims of the ID token, checked
    session["id_token"] = tokens["id_token"]
    return redirect("/")


@portal.get("/logout")
def sign_out():
    hint = session.pop("id_token", None)
    session.clear()
    away = {"id_token_hint": hint, "post_logout_redirect_uri": f"{BASE}/signed-out"}
    return redirect(f"{gateway.load_server_metadata()['end_session_endpoint']}?{urlencode(away)}")


@portal.get("/")
@portal.get("/signed-out")
def home():
    if "person" not in session:
        return jsonify(signed_in=False)
    return jsonify(signed_in=True, claims=session["claims"], person=session["person"])


@portal.errorhandler(OAuthError)
def refused(error):
    return jsonify(signed_in=False, error=error.error), 400


if __name__ == "__main__":
    portal.run("127.0.0.1", urlsplit(BASE).port)
