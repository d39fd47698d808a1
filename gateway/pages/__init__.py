"""Pages for people: HTML made on the server, complete without a script, Vietnamese first and English second.

`layout` holds what all pages share: the frame, the look, the fonts, static files, security headers and words.
`citizen` holds what a person meets on the way through a sign-in; `public` what anybody may read (what this is,
the error catalogue, the status). A page is a template and its strings side by side: `notice.html`, `notice.toml`.
`screens.PageScreens` shows the views of `openid_provider.screens`; `routes.public_routes` lists the public
routes and the static files for `application` to join.
"""
