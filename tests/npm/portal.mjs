// A portal written with npm openid-client 6 as it comes: `node portal.mjs` reads one JSON object, prints another.
//
// in:  {issuer, client_id, secret, method, alg, redirect_uri, logout_uri, scope, resource, persona, pkce, scenario,
//       pushes, bound: whether tokens are bound to a key (DPoP)}
// out: what the scenario saw; an error of the library as {name, code, error, cause}

import { readFileSync } from 'node:fs'
import * as client from 'openid-client'
import { Browser } from './browser.mjs'

const order = JSON.parse(readFileSync(0, 'utf8'))
const curve = { name: 'ECDSA', namedCurve: 'P-256' }
const methods = {
  client_secret_basic: client.ClientSecretBasic,
  client_secret_post: client.ClientSecretPost,
  none: client.None,
  private_key_jwt: (key) => client.PrivateKeyJwt(key),
}

// what the portal proves itself with; `stranger`: what somebody else would have
async function proof(stranger = false) {
  if (order.method !== 'private_key_jwt') return stranger ? 'not the secret' : order.secret
  const jwk = JSON.parse(order.secret)
  if (stranger) return { key: (await crypto.subtle.generateKey(curve, false, ['sign', 'verify'])).privateKey, kid: jwk.kid }
  return { key: await crypto.subtle.importKey('jwk', jwk, curve, false, ['sign']), kid: jwk.kid }
}

const config = await client.discovery(
  new URL(order.issuer),
  order.client_id,
  { id_token_signed_response_alg: order.alg },
  methods[order.method](await proof()),
  { execute: [client.allowInsecureRequests] },
)
const browser = new Browser()

// a key of its own for tokens, and what the library needs to prove it
const holder = async () => ({ DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) })
const held = order.bound ? await holder() : undefined

async function ask(changes = {}) {
  const attempt = { state: client.randomState(), nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() }
  const parameters = {
    redirect_uri: order.redirect_uri,
    scope: order.scope,
    state: attempt.state,
    nonce: attempt.nonce,
    login_hint: `persona:${order.persona}`,
    ...(order.pkce
      ? {
          code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
          code_challenge_method: 'S256',
        }
      : {}),
    ...changes,
  }
  for (const name of Object.keys(parameters)) if (parameters[name] === null) delete parameters[name]
  const url = order.pushes
    ? await client.buildAuthorizationUrlWithPAR(config, parameters, held)
    : client.buildAuthorizationUrl(config, parameters)
  attempt.asked = url.href
  attempt.callback = await browser.walk(url.href, [order.redirect_uri])
  attempt.checks = {
    expectedState: attempt.state,
    expectedNonce: attempt.nonce,
    ...(order.pkce ? { pkceCodeVerifier: attempt.verifier } : {}),
  }
  return attempt
}

const redeem = (attempt, changes = {}, proving = held) =>
  client.authorizationCodeGrant(config, attempt.callback, { ...attempt.checks, ...changes }, undefined, proving)

async function told(work) {
  try {
    await work()
    return { name: 'nothing' }
  } catch (trouble) {
    const challenge = Array.isArray(trouble.cause) ? trouble.cause[0]?.parameters?.error : undefined
    return { name: trouble.name, code: trouble.code, error: trouble.error ?? challenge, status: trouble.status }
  }
}

const scenarios = {
  async road() {
    const attempt = await ask({ prompt: 'consent' }) // without it offline_access is ignored (OIDC Core §11)
    const tokens = await redeem(attempt)
    const claims = tokens.claims()
    const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
    const seen = { claims, person, expires_in: tokens.expiresIn(), token_type: tokens.token_type }
    seen.iss = attempt.callback.searchParams.get('iss')
    seen.header = JSON.parse(Buffer.from(tokens.id_token.split('.')[0], 'base64url'))
    if (tokens.refresh_token) {
      const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
      seen.refreshed = refreshed.claims()?.sub ?? (await client.fetchUserInfo(config, refreshed.access_token, claims.sub)).sub
      seen.access_token_changed = refreshed.access_token !== tokens.access_token
    }
    if (order.method !== 'none') {
      seen.introspection = await client.tokenIntrospection(config, tokens.access_token)
      const own = await client.clientCredentialsGrant(config, { resource: order.resource, scope: 'lab:read' })
      seen.machine = JSON.parse(Buffer.from(own.access_token.split('.')[1], 'base64url'))
    }
    await client.tokenRevocation(config, tokens.refresh_token ?? tokens.access_token)
    seen.after_revocation = await told(() => client.fetchUserInfo(config, tokens.access_token, claims.sub))
    const away = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: order.logout_uri,
      state: 'bye',
    })
    seen.logged_out = (await browser.walk(away.href, [order.logout_uri])).href
    seen.after_logout = await told(async () => redeem(await ask({ prompt: 'none' })))
    return seen
  },

  async pushed() {
    const attempt = await ask()
    const claims = (await redeem(attempt)).claims()
    const seen = { sub: claims.sub, asked: [...new URL(attempt.asked).searchParams.keys()].sort() }
    seen.again = (await browser.open(attempt.asked)).status
    seen.foreign_scope = await told(() => ask({ scope: 'openid procedure:9.999999' }))
    seen.no_redirect_uri = await told(() => ask({ redirect_uri: 'https://somebody.example/' }))
    return seen
  },

  async bound() {
    const stranger = await holder()
    const attempt = await ask({ prompt: 'consent' })
    const seen = { asked: [...new URL(attempt.asked).searchParams.keys()].sort() }
    seen.another_key = await told(() => redeem(attempt, {}, stranger))
    seen.no_proof = await told(() => redeem(attempt, {}, {}))
    const tokens = await redeem(attempt)
    const sub = tokens.claims().sub
    seen.token_type = tokens.token_type
    seen.thumbprint = await held.DPoP.calculateThumbprint()
    seen.introspection = await client.tokenIntrospection(config, tokens.access_token)
    seen.person = await client.fetchUserInfo(config, tokens.access_token, sub, held)
    seen.thief = await told(() => client.fetchUserInfo(config, tokens.access_token, sub, stranger))
    seen.as_bearer = await told(() => client.fetchUserInfo(config, tokens.access_token, sub))
    const form = (token, proving) =>
      client.fetchProtectedResource(
        config,
        token,
        new URL(`${order.issuer}/v1/prefill`),
        'POST',
        JSON.stringify({ procedure: '1.004222' }),
        new Headers({ 'content-type': 'application/json' }),
        proving,
      )
    const asked = await ask({ scope: 'openid procedure:1.004222', prompt: 'consent' })
    const forForm = await redeem(asked)
    const filled = await form(forForm.access_token, held)
    seen.form = { status: filled.status, procedure: (await filled.json()).procedure }
    seen.form_of_a_thief = await told(() => form(forForm.access_token, stranger))
    seen.form_as_bearer = await told(() => form(forForm.access_token, undefined))
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, held)
    seen.refreshed = (await client.fetchUserInfo(config, refreshed.access_token, sub, held)).sub
    seen.refresh_kept = (refreshed.refresh_token ?? tokens.refresh_token) === tokens.refresh_token
    seen.refresh_without_proof = await told(() => client.refreshTokenGrant(config, tokens.refresh_token))
    const own = await client.clientCredentialsGrant(config, { resource: order.resource, scope: 'lab:read' }, held)
    seen.machine = JSON.parse(Buffer.from(own.access_token.split('.')[1], 'base64url'))
    seen.reused_code = await told(() => redeem(attempt))
    seen.after_reuse = await told(() => client.fetchUserInfo(config, tokens.access_token, sub, held))
    return seen
  },

  // RFC 8707: a token for the resource, and one for the gateway's own API from the same grant
  async resource() {
    const scope = 'openid profile offline_access lab:read'
    const tokens = await redeem(await ask({ scope, resource: order.resource, prompt: 'consent' }))
    const [head, body] = tokens.access_token.split('.').slice(0, 2)
    const read = (part) => JSON.parse(Buffer.from(part, 'base64url'))
    const sub = tokens.claims().sub
    const refresh = (resource) =>
      client.refreshTokenGrant(config, tokens.refresh_token, resource ? { resource } : undefined, held)
    const own = await refresh(order.issuer)
    return {
      header: read(head),
      claims: read(body),
      sub,
      scope: tokens.scope,
      introspection: await client.tokenIntrospection(config, tokens.access_token),
      at_userinfo: await told(() => client.fetchUserInfo(config, tokens.access_token, sub, held)),
      again: read((await refresh()).access_token.split('.')[1]).aud,
      own: own.scope,
      person: await client.fetchUserInfo(config, own.access_token, sub, held),
      strange: await told(() => refresh('https://strange.example/')),
      asked_strange: await told(async () => redeem(await ask({ scope, resource: 'https://strange.example/' }))),
      asked_part: await told(async () => redeem(await ask({ scope, resource: `${order.resource}#part` }))),
    }
  },

  async own_wish() {
    const bound = await redeem(await ask())
    const sub = bound.claims().sub
    await client.fetchUserInfo(config, bound.access_token, sub, held)
    const plain = await redeem(await ask(), {}, {})
    await client.fetchUserInfo(config, plain.access_token, sub)
    return {
      bound: bound.token_type,
      as_bearer: (await told(() => client.fetchUserInfo(config, bound.access_token, sub))).error,
      plain: plain.token_type,
      plain_as_bound: (await told(() => client.fetchUserInfo(config, plain.access_token, sub, held))).error,
    }
  },

  async direct() {
    return told(async () => redeem(await ask()))
  },

  async refusals() {
    const seen = {}
    const first = await ask()
    if (order.pkce) {
      seen.wrong_verifier = await told(() => redeem(first, { pkceCodeVerifier: client.randomPKCECodeVerifier() }))
    }
    const second = await ask()
    seen.wrong_nonce = await told(() => redeem(second, { expectedNonce: 'another' }))
    const third = await ask()
    seen.wrong_state = await told(() => redeem(third, { expectedState: 'another' }))
    const mixed = new URL(third.callback)
    mixed.searchParams.set('iss', 'https://somebody.example')
    seen.wrong_iss = await told(() => redeem({ ...third, callback: mixed }))
    const tokens = await redeem(third)
    seen.reused_code = await told(() => redeem(third))
    seen.after_reuse = await told(() => client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub))
    seen.wrong_person = await told(async () => {
      const other = await redeem(await ask())
      await client.fetchUserInfo(config, other.access_token, 'somebody-else')
    })
    if (order.method !== 'none') {
      const thief = await client.discovery(
        new URL(order.issuer),
        order.client_id,
        {},
        methods[order.method](await proof(true)),
        { execute: [client.allowInsecureRequests] },
      )
      const fourth = await ask()
      seen.wrong_secret = await told(() => client.authorizationCodeGrant(thief, fourth.callback, fourth.checks))
    }
    seen.foreign_scope = await told(async () => redeem(await ask({ scope: 'openid procedure:9.999999' })))
    seen.unknown_refresh = await told(() => client.refreshTokenGrant(config, 'gr.not-a-token'))
    seen.no_challenge = await told(async () => redeem(await ask({ code_challenge: null, code_challenge_method: null })))
    browser.cookies.clear()
    seen.cancelled = await told(async () => redeem(await ask({ login_hint: `persona:${order.persona};cancelled` })))
    seen.not_signed_in = await told(async () => redeem(await ask({ prompt: 'none' })))
    return seen
  },
}

console.log(JSON.stringify(await scenarios[order.scenario]()))
