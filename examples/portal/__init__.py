"""A sample portal: the plain flow of OpenID Connect and a form that comes filled, nothing more.

`portal.py` is the application, `gateway_client.py` all it says to the gateway (Authlib's Starlette client),
`sessions.py` the session kept on the server, `form.py` the form as this portal knows it, `submission.py` what
happens to it when it is sent. It imports nothing of the gateway: copy it and change it.
"""
