// A portal on passport-openidconnect as it comes, without PKCE: `node passport_portal.mjs`, where and who it is in the
// environment. The library knows no sign-out at the provider; the portal sends the browser there itself.

import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy } from 'passport-openidconnect'

const { GATE06_ISSUER, PORTAL_BASE_URL, PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET } = process.env

passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))
passport.use(
  new Strategy(
    {
      issuer: GATE06_ISSUER,
      authorizationURL: `${GATE06_ISSUER}/authorize`,
      tokenURL: `${GATE06_ISSUER}/token`,
      userInfoURL: `${GATE06_ISSUER}/userinfo`,
      clientID: PORTAL_CLIENT_ID,
      clientSecret: PORTAL_CLIENT_SECRET,
      callbackURL: `${PORTAL_BASE_URL}/callback`,
      scope: ['profile'],
      nonce: true,
      skipUserProfile: false,
    },
    (issuer, profile, context, idToken, done) => {
      const claims = JSON.parse(Buffer.from(idToken.split('.')[1], 'base64url'))
      done(null, { claims, person: { sub: profile.id, name: profile.displayName } })
    },
  ),
)

const portal = express()
portal.use(session({ secret: 'of this portal alone', name: 'portal', resave: false, saveUninitialized: false }))
portal.use(passport.session())
portal.get('/login', passport.authenticate('openidconnect'))
portal.get('/callback', passport.authenticate('openidconnect', { successRedirect: '/', failureRedirect: '/?refused' }))
portal.get('/logout', (request, response, next) =>
  request.logout((trouble) => {
    if (trouble) return next(trouble)
    const away = { client_id: PORTAL_CLIENT_ID, post_logout_redirect_uri: `${PORTAL_BASE_URL}/signed-out` }
    response.redirect(`${GATE06_ISSUER}/logout?${new URLSearchParams(away)}`)
  }),
)
portal.get(['/', '/signed-out'], (request, response) =>
  response.json(request.user ? { signed_in: true, ...request.user } : { signed_in: false }),
)
portal.use((trouble, request, response, next) =>
  response.status(500).json({ signed_in: false, error: trouble.code ?? trouble.message }),
)
portal.listen(Number(new URL(PORTAL_BASE_URL).port), '127.0.0.1')
