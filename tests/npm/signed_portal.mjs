// A portal of npm openid-client 6 that signs what it asks and gets signed, posted or encrypted answers.
//
// in:  {issuer, client_id, secret, redirect_uri, persona, signing, sealing, sealed}; `signing` and `sealing` are private
//      JWKs, `sealed` whether the client registered encryption
// out: what each road ended in; an error of the library as {name, code, error}

import { readFileSync } from 'node:fs'
import * as client from 'openid-client'
import { Browser } from './browser.mjs'

const order = JSON.parse(readFileSync(0, 'utf8'))
const ecdsa = { name: 'ECDSA', namedCurve: 'P-256' }
const ecdh = { name: 'ECDH', namedCurve: 'P-256' }
const signing = { key: await crypto.subtle.importKey('jwk', order.signing, ecdsa, false, ['sign']), kid: order.signing.kid }
const strange = { key: (await crypto.subtle.generateKey(ecdsa, false, ['sign'])).privateKey, kid: order.signing.kid }
const sealing = {
  key: await crypto.subtle.importKey('jwk', order.sealing, ecdh, false, ['deriveBits']),
  kid: order.sealing.kid,
}
const browser = new Browser()

async function discover(...more) {
  const config = await client.discovery(
    new URL(order.issuer),
    order.client_id,
    {
      id_token_signed_response_alg: 'ES256',
      userinfo_signed_response_alg: 'ES256',
      authorization_signed_response_alg: 'ES256',
    },
    client.ClientSecretBasic(order.secret),
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks, ...more] },
  )
  if (order.sealed) client.enableDecryptingResponses(config, ['A256GCM'], sealing)
  return config
}

async function ask(config, changes = {}, key = null) {
  const verifier = client.randomPKCECodeVerifier()
  const [state, nonce] = [client.randomState(), client.randomNonce()]
  const parameters = {
    redirect_uri: order.redirect_uri,
    scope: 'openid profile',
    state,
    nonce,
    login_hint: `persona:${order.persona}`,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...changes,
  }
  const url = key
    ? await client.buildAuthorizationUrlWithJAR(config, parameters, key)
    : client.buildAuthorizationUrl(config, parameters)
  const callback = await browser.walk(url.href, [order.redirect_uri])
  const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier }
  return { asked: [...url.searchParams.keys()].sort(), callback, checks }
}

async function whole(config, attempt) {
  const answer = { asked: attempt.asked, posted: attempt.callback instanceof Request }
  if (!answer.posted) answer.members = [...attempt.callback.searchParams.keys()].sort()
  const tokens = await client.authorizationCodeGrant(config, attempt.callback, attempt.checks)
  const claims = tokens.claims()
  const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
  return { ...answer, parts: tokens.id_token.split('.').length, claims, person }
}

async function told(work) {
  try {
    await work()
    return { name: 'nothing' }
  } catch (trouble) {
    return { name: trouble.name, code: trouble.code, error: trouble.error }
  }
}

const plain = await discover()
const signed = await discover(client.useJwtResponseMode)
const seen = {}
seen.jar = await whole(plain, await ask(plain, {}, signing))
seen.jarm = await whole(signed, await ask(signed))
seen.both = await whole(signed, await ask(signed, {}, signing))
seen.form_post = await whole(plain, await ask(plain, { response_mode: 'form_post' }))
seen.claims = await whole(plain, await ask(plain, { scope: 'openid', claims: '{"id_token":{"birthdate":null}}' }))
seen.jarm_refused = await told(async () => whole(signed, await ask(signed, { prompt: 'none', scope: 'openid procedure:9' })))
seen.posted_refused = await told(async () => whole(plain, await ask(plain, { response_mode: 'form_post', scope: 'procedure:9' })))
seen.strange_key = await told(() => ask(plain, {}, strange))
console.log(JSON.stringify(seen))
