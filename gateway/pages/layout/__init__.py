"""The shared frame of all pages: template environment, words, static files with immutable addresses, headers.

`Layout` renders a template in one language and wraps it into a `Page` with its security headers. The look is
called "lake and tea": deep green, calm neutrals, no emblem; its tokens stand at the top of `static/page.css`.
"""
