// A portal of npm openid-client 6 that meets a procedure which wants a recent sign-in (RFC 9470).
//
// in:  {issuer, client_id, secret, redirect_uri, persona, procedure, clock: the file the gateway's clock is moved by,
//       now: what it is moved to when time has passed, bound: whether tokens are bound to a key}
// out: {first, challenge, second: statuses of the form, sign_ins: their times, scheme}

import { readFileSync, writeFileSync } from 'node:fs'
import * as client from 'openid-client'
import { Browser } from './browser.mjs'

const order = JSON.parse(readFileSync(0, 'utf8'))
const config = await client.discovery(
  new URL(order.issuer),
  order.client_id,
  { id_token_signed_response_alg: 'ES256' },
  client.ClientSecretBasic(order.secret),
  { execute: [client.allowInsecureRequests] },
)
// proofs are made by the gateway's clock, which is behind until time has passed
const atGateway = {
  [client.modifyAssertion]: (_, proof) => {
    proof.iat += Number(readFileSync(order.clock, 'utf8'))
  },
}
const held = order.bound
  ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'), atGateway) }
  : undefined
const browser = new Browser()

async function signIn(maxAge) {
  const verifier = client.randomPKCECodeVerifier()
  const [state, nonce] = [client.randomState(), client.randomNonce()]
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: order.redirect_uri,
    scope: `openid procedure:${order.procedure}`,
    state,
    nonce,
    login_hint: `persona:${order.persona}`,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
  })
  const callback = await browser.walk(url.href, [order.redirect_uri])
  const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, maxAge }
  return client.authorizationCodeGrant(config, callback, checks, undefined, held)
}

const form = (tokens) =>
  client.fetchProtectedResource(
    config,
    tokens.access_token,
    new URL(`${order.issuer}/v1/prefill`),
    'POST',
    JSON.stringify({ procedure: order.procedure }),
    new Headers({ 'content-type': 'application/json' }),
    held,
  )

async function challenged(tokens) {
  try {
    return { status: (await form(tokens)).status }
  } catch (trouble) {
    if (!(trouble instanceof client.WWWAuthenticateChallengeError)) throw trouble
    const [{ scheme, parameters }] = trouble.cause
    return { status: trouble.status, scheme, ...parameters }
  }
}

const old = await signIn()
const first = (await form(old)).status
writeFileSync(order.clock, String(order.now).padStart(12))
const challenge = await challenged(old)
const fresh = await signIn(Number(challenge.max_age))
console.log(
  JSON.stringify({
    first,
    challenge,
    second: (await form(fresh)).status,
    sign_ins: [old, fresh].map((tokens) => tokens.claims().auth_time),
    told: (await client.tokenIntrospection(config, fresh.access_token)).auth_time,
    same_person: old.claims().sub === fresh.claims().sub,
  }),
)
