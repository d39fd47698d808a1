// A portal on express-openid-connect as it comes: `node express_portal.mjs`, where and who it is in the environment.

import express from 'express'
import { auth } from 'express-openid-connect'

const { GATE06_ISSUER, PORTAL_BASE_URL, PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET } = process.env

const portal = express()
portal.use(
  auth({
    issuerBaseURL: GATE06_ISSUER,
    baseURL: PORTAL_BASE_URL,
    clientID: PORTAL_CLIENT_ID,
    clientSecret: PORTAL_CLIENT_SECRET,
    secret: 'of this portal alone, for its cookies',
    authorizationParams: { response_type: 'code', scope: 'openid profile' },
    idTokenSigningAlg: 'ES256',
    authRequired: false,
    idpLogout: true,
    routes: { postLogoutRedirect: '/signed-out' },
    enableTelemetry: false,
  }),
)
portal.get(['/', '/signed-out'], async (request, response) => {
  if (!request.oidc.isAuthenticated()) return response.json({ signed_in: false })
  const person = await request.oidc.fetchUserInfo()
  response.json({ signed_in: true, claims: request.oidc.idTokenClaims, person })
})
portal.use((trouble, request, response, next) =>
  response.status(trouble.status ?? 500).json({ signed_in: false, error: trouble.error ?? trouble.message }),
)
portal.listen(Number(new URL(PORTAL_BASE_URL).port), '127.0.0.1')
