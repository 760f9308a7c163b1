// Health checks: each by itself and all together, by what they are asked for and by what is wrong.
import { Health } from '../../../../master/apiserver/health.ts';

async function ask(where: string, { ready = true, storage = true } = {}): Promise<[status: number, text: string] | undefined> {
  const [path = '', query = ''] = where.split('?');
  const health = new Health({ ready: () => ready, storage: () => (storage ? Promise.resolve(1) : Promise.reject(new Error('gone'))) });
  const answer = await health.answer(path, new URLSearchParams(query));
  return answer?.kind === 'raw' ? [answer.status, Buffer.from(answer.body as Uint8Array).toString()] : undefined;
}

it.each<[where: string, state: { ready?: boolean; storage?: boolean }, answer: [number, string] | undefined]>([
  ['/healthz', {}, [200, 'ok']],
  ['/livez?verbose', {}, [200, '[+]ping ok\n[+]etcd ok\nlivez check passed\n']],
  ['/readyz?verbose', {}, [200, '[+]ping ok\n[+]etcd ok\n[+]poststarthook/rbac/bootstrap-roles ok\nreadyz check passed\n']],
  ['/readyz', { ready: false }, [500, '[+]ping ok\n[+]etcd ok\n[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\nreadyz check failed\n']],
  ['/livez', { ready: false }, [200, 'ok']],
  ['/livez', { storage: false }, [500, '[+]ping ok\n[-]etcd failed: reason withheld\nlivez check failed\n']],
  ['/livez?exclude=etcd&verbose', { storage: false }, [200, '[+]ping ok\n[+]etcd excluded: ok\nlivez check passed\n']],
  ['/livez?exclude=b&exclude=a&verbose', {}, [200, '[+]ping ok\n[+]etcd ok\nwarn: some health checks cannot be excluded: no matches for "a","b"\nlivez check passed\n']],
  ['/livez?exclude=b', {}, [200, 'ok']],
  ['/readyz/ping', { ready: false, storage: false }, [200, 'ok']],
  ['/readyz/poststarthook/rbac/bootstrap-roles', { ready: false }, [500, 'internal server error: not finished\n']],
  ['/healthz/etcd', { storage: false }, [500, 'internal server error: error getting data from the storage: Error: gone\n']],
  ['/livez/poststarthook/rbac/bootstrap-roles', {}, undefined], ['/readyz/none', {}, undefined], ['/readyz/ping/more', {}, undefined], ['/constructor', {}, undefined], ['/other', {}, undefined],
])('%s %j', async (where, state, answer) => {
  expect(await ask(where, state)).toEqual(answer);
});
