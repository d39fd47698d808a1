// A command written with npm openid-client 6 as it comes: `node device.mjs ISSUER MACHINE` prints what the device
// authorization endpoint answered, waits as the library does, and prints the tokens or the library's error.

import * as client from 'openid-client'

const [issuer, machine] = process.argv.slice(2)
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
const config = await client.discovery(new URL(issuer), 'gate06-cli', undefined, client.None(), {
  algorithm: 'oauth2',
  execute: [client.allowInsecureRequests],
})
const told = await client.initiateDeviceAuthorization(config, { machine })
say({ ...told, endpoint: config.serverMetadata().device_authorization_endpoint })
try {
  const tokens = await client.pollDeviceAuthorizationGrant(config, told)
  await client.tokenRevocation(config, tokens.access_token)
  say(tokens)
} catch (error) {
  say({ code: error.code, error: error.error, status: error.status })
}
