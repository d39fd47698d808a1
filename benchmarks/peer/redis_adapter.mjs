// Storage of the peer in Redis, after the seven verbs its documentation asks of an adapter.
// One string key per record, a set of keys per grant, an index key per uid and user code.
import { Redis } from 'ioredis';

const GRANTABLE = new Set([
  'AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest',
]);
let connection;

export function connect(url) {
  connection = new Redis(url, { enableAutoPipelining: true });
}

export class RedisAdapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `peer:${this.model}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    const key = this.key(id);
    const batch = connection.multi();
    const ttl = expiresIn ? ['EX', expiresIn] : [];
    batch.set(key, JSON.stringify(payload), ...ttl);
    if (GRANTABLE.has(this.model) && payload.grantId) {
      const grant = `peer:grant:${payload.grantId}`;
      batch.rpush(grant, key);
      if (expiresIn) batch.expire(grant, expiresIn, 'GT');
    }
    if (payload.uid) batch.set(`peer:uid:${payload.uid}`, id, ...ttl);
    if (payload.userCode) batch.set(`peer:userCode:${payload.userCode}`, id, ...ttl);
    await batch.exec();
  }

  async find(id) {
    const text = await connection.get(this.key(id));
    return text ? JSON.parse(text) : undefined;
  }

  async findByUid(uid) {
    const id = await connection.get(`peer:uid:${uid}`);
    return id ? this.find(id) : undefined;
  }

  async findByUserCode(userCode) {
    const id = await connection.get(`peer:userCode:${userCode}`);
    return id ? this.find(id) : undefined;
  }

  async consume(id) {
    const payload = await this.find(id);
    if (!payload) return;
    payload.consumed = Math.floor(Date.now() / 1000);
    await connection.set(this.key(id), JSON.stringify(payload), 'KEEPTTL');
  }

  async destroy(id) {
    await connection.del(this.key(id));
  }

  async revokeByGrantId(grantId) {
    const grant = `peer:grant:${grantId}`;
    const keys = await connection.lrange(grant, 0, -1);
    await connection.del(grant, ...keys);
  }
}
