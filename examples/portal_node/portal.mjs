// A portal in one file, on npm openid-client 6 as it comes: sign in, get the filled form, sign out.
//
//   npm install && node portal.mjs        beside `gate06 demo --portal my_portal.toml` (docs/portal_in_ten_minutes.md)
//
// It keeps sessions in memory and has no form to send: a portal to read, not to run in production.

import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import * as oidc from 'openid-client'

const { GATE06_ISSUER: issuer = 'http://127.0.0.1:8000', PORTAL_BASE_URL: base = 'http://127.0.0.1:8010' } = process.env
const { PORTAL_CLIENT_ID: clientId = 'my-portal', PORTAL_CLIENT_SECRET: secret = 'for-this-machine-only-4Zq8' } = process.env
const procedure = '1.004222'

const config = await oidc.discovery(
  new URL(issuer),
  clientId,
  { id_token_signed_response_alg: 'ES256' }, // the library expects RS256 unless told
  oidc.ClientSecretBasic(secret),
  issuer.startsWith('http:') ? { execute: [oidc.allowInsecureRequests] } : undefined, // this machine only
)

const sessions = new Map() // cookie → { attempts: state → { nonce, verifier }, tokens?, person? }
const cookieOf = (request) => request.headers.cookie?.match(/(?:^|; )portal=([\w-]+)/)?.[1]

function openSession(response) {
  const id = randomBytes(32).toString('base64url')
  const secure = base.startsWith('https:') ? '; Secure' : ''
  response.setHeader('Set-Cookie', `portal=${id}; Path=/; HttpOnly; SameSite=Lax${secure}`)
  sessions.set(id, { attempts: new Map() })
  return sessions.get(id)
}

async function signIn(request, response, session = openSession(response)) {
  const attempt = { nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() }
  const state = oidc.randomState()
  session.attempts.set(state, attempt) // one attempt per click: two tabs are two attempts
  return oidc.buildAuthorizationUrl(config, {
    redirect_uri: `${base}/callback`,
    scope: `openid profile procedure:${procedure}`,
    state,
    nonce: attempt.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: 'S256',
    ui_locales: 'vi',
  })
}

async function comeBack(request, response, session, url) {
  const state = url.searchParams.get('state')
  const attempt = session?.attempts.get(state)
  if (!attempt) throw new Error('this sign-in was not started in this browser')
  session.attempts.delete(state)
  // checks iss, state, nonce, aud, signature and the code's verifier, and throws what the gateway refused
  const tokens = await oidc.authorizationCodeGrant(config, url, {
    expectedState: state,
    expectedNonce: attempt.nonce,
    pkceCodeVerifier: attempt.verifier,
  })
  const person = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
  sessions.delete(cookieOf(request))
  Object.assign(openSession(response), { tokens, person }) // a new cookie: nobody can have planted the old one
  return new URL(base)
}

function signOut(request, response, session) {
  sessions.delete(cookieOf(request))
  const hint = session?.tokens ? { id_token_hint: session.tokens.id_token } : {}
  return oidc.buildEndSessionUrl(config, { ...hint, post_logout_redirect_uri: `${base}/signed-out` })
}

async function showForm(session) {
  const answer = await oidc.fetchProtectedResource(
    config,
    session.tokens.access_token,
    new URL(`${issuer}/v1/prefill`),
    'POST',
    JSON.stringify({ procedure }),
    new Headers({ 'content-type': 'application/json', 'accept-language': 'vi' }),
  )
  const form = await answer.json()
  if (!answer.ok) return html`<p id="problem">${form.detail} (${form.code})</p>`
  const rows = Object.entries(form.fields).map(([id, field]) => {
    const shown = field.display?.vi ?? field.why?.vi ?? ''
    return html`<tr data-field="${id}" data-status="${field.status}"><th>${id}</th><td>${shown}</td>
      <td>${field.source_label?.vi ?? ''} ${field.as_of ?? ''}</td></tr>`
  })
  return `<table>${rows.join('')}</table>` // keep form.manifest with the draft: it proves the values at submit
}

const letters = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const html = (parts, ...values) =>
  String.raw({ raw: parts }, ...values.map((value) => String(value).replace(/[&<>"]/g, (letter) => letters[letter])))

async function showHome(session) {
  if (!session?.person) return '<p id="signed-out">Chưa đăng nhập</p><a id="sign-in" href="/sign-in">Đăng nhập</a>'
  return `${html`<p id="person" data-sub="${session.person.sub}">${session.person.name}</p>`}
    <form method="post" action="/sign-out"><button id="sign-out">Đăng xuất</button></form>${await showForm(session)}`
}

const roads = { 'GET /sign-in': signIn, 'GET /callback': comeBack, 'POST /sign-out': signOut }

createServer(async (request, response) => {
  const url = new URL(request.url, base)
  const session = sessions.get(cookieOf(request))
  const road = roads[`${request.method} ${url.pathname}`]
  response.setHeader('Content-Type', 'text/html; charset=utf-8')
  response.setHeader('Cache-Control', 'no-store') // what a page shows is one person's
  try {
    if (road) return response.writeHead(303, { Location: (await road(request, response, session, url)).href }).end()
    response.end(`<!doctype html><html lang="vi"><title>Cổng</title>${await showHome(session)}</html>`)
  } catch (trouble) {
    const more = trouble.cause?.get?.('error_uri') ?? `${issuer}/errors`
    response.writeHead(400).end(html`<p id="problem">${trouble.error ?? trouble.message}</p><a href="${more}">?</a>`)
  }
}).listen(Number(new URL(base).port || 80), new URL(base).hostname)
