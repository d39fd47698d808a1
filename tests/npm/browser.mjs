// What a person with a browser does between a portal and its answer, without scripts.

// a browser: cookies by host, redirects by hand, buttons by their ids
export class Browser {
  cookies = new Map()

  async open(address, options = {}) {
    const url = new URL(address)
    const jar = this.cookies.get(url.host) ?? new Map()
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { 'accept-language': 'vi', ...options.headers, ...(cookie ? { cookie } : {}) }
    const answer = await fetch(url, { ...options, headers, redirect: 'manual' })
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim())
      const cut = pair.indexOf('=')
      if (attributes.some((one) => /^max-age=0$/i.test(one))) jar.delete(pair.slice(0, cut))
      else jar.set(pair.slice(0, cut), pair.slice(cut + 1))
    }
    this.cookies.set(url.host, jar)
    return answer
  }

  // goes on until the way leads to one of the portal's own addresses; returns that address, or what is posted to it
  async walk(address, ends) {
    let options = {}
    for (let step = 0; step < 25; step += 1) {
      if (ends.some((end) => address.startsWith(end))) {
        return options.method ? new Request(address, options) : new URL(address)
      }
      const answer = await this.open(address, options)
      const location = answer.headers.get('location')
      if (location) {
        ;[address, options] = [new URL(location, address).href, {}]
        continue
      }
      const page = await answer.text()
      const next = press(page, address)
      if (next === null) throw new Error(`no way on, status ${answer.status}, ${page.match(/data-code="[^"]*"/)}`)
      ;[address, options] = next
    }
    throw new Error('the way leads in circles')
  }
}

const attribute = (tag, name) => tag.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1].replaceAll('&amp;', '&')

function press(page, here) {
  for (const [, opening, content] of page.matchAll(/(<form[^>]*>)(.*?)<\/form>/gs)) {
    const button = [...content.matchAll(/<button[^>]*>/g)].map(([tag]) => tag)
      .find((tag) => ['login', 'consent-allow', 'continue'].includes(attribute(tag, 'id')))
    if (!button) continue
    const fields = new URLSearchParams()
    for (const [tag] of content.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      fields.append(attribute(tag, 'name'), attribute(tag, 'value'))
    }
    if (attribute(button, 'name')) fields.append(attribute(button, 'name'), attribute(button, 'value'))
    return [new URL(attribute(opening, 'action'), here).href, { method: 'POST', body: fields }]
  }
  const back = page.match(/<a[^>]*id="return"[^>]*>/)
  return back ? [new URL(attribute(back[0], 'href'), here).href, {}] : null
}
