// An identity provider from npm, as it comes: `node provider.mjs ISSUER CLOCK CLIENTS` signs in whoever is sent to it.
//
// CLOCK is a file with the seconds by which its time goes before the machine's, CLIENTS a JSON array as its own
// documentation writes clients. Prints `ready` when it listens.

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Provider from 'oidc-provider'

const [issuer, clock, clients] = process.argv.slice(2)
const machine = Date.now
Date.now = () => machine() + 1000 * Number(readFileSync(clock, 'utf8'))

const key = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: alg,
})
// `…-strict` clients are of FAPI 2.0; `…-nonce` clients have to prove with a nonce, at userinfo too, where it is the last
// client that counts: the proof is judged before the token says whose it is
let asks = false
const requireNonce = (ctx) => {
  if (ctx.oidc.client) asks = ctx.oidc.client.clientId.endsWith('-nonce')
  return asks
}
const profile = (ctx, client) => client?.clientId.includes('-strict') ? '2.0' : undefined
const person = { name: 'Trần Thị Bưởi', birthdate: '1975-05-12' }
const provider = new Provider(issuer, {
  jwks: { keys: [key('ec', { namedCurve: 'P-256' }, 'ES256'), key('rsa', { modulusLength: 2048 }, 'RS256')] },
  clients: JSON.parse(clients),
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  claims: { openid: ['sub'], profile: Object.keys(person) },
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...person }) }),
  cookies: { keys: ['a key for cookies that only this program knows'] },
  // its guard refuses this machine, where the gateway's keys are
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce },
    fapi: { enabled: true, profile },
    jwtResponseModes: { enabled: true },
    requestObjects: { enabled: true },
  },
  interactions: { url: (ctx, interaction) => `/sign-in/${interaction.uid}` },
})

// the person at its page, who says yes to everything
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/sign-in/')) return next()
  const { params } = await provider.interactionDetails(ctx.req, ctx.res)
  const grant = new provider.Grant({ accountId: 'subject-1', clientId: params.client_id })
  grant.addOIDCScope('openid profile')
  const said = { login: { accountId: 'subject-1' }, consent: { grantId: await grant.save() } }
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, said, { mergeWithLastSubmission: false }))
})
provider.listen(Number(new URL(issuer).port), '127.0.0.1', () => process.stdout.write('ready\n'))
