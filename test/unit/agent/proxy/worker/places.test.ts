// Who has a place to listen at, while rules come, change and go, against asking all rules anew.
import fc from 'fast-check';
import type { Listen } from '../../../../../agent/proxy/rules.ts';
import { placeOf, Places } from '../../../../../agent/proxy/worker/places.ts';
import '../../../../support/property-seed.ts';

const listen = fc.record({ protocol: fc.constantFrom('TCP', 'UDP'), address: fc.constantFrom('10.0.0.1', '0.0.0.0'), port: fc.constantFrom(53, 80), side: fc.constantFrom('internal', 'external') }) as fc.Arbitrary<Listen>;
const steps = fc.array(fc.record({ id: fc.constantFrom('a', 'b', 'c'), listens: fc.array(listen, { maxLength: 3 }) }));

it('the first rule by id has a place, with what it says of it; a step touches what the rule had and has', () => {
  fc.assert(fc.property(steps, (all) => {
    const places = new Places();
    const rules = new Map<string, readonly Listen[]>();
    for (const { id, listens } of all) {
      const touched = places.set(id, listens);
      expect(touched).toEqual(new Set([...rules.get(id) ?? [], ...listens].map(placeOf)));
      rules.set(id, listens);
      for (const protocol of ['TCP', 'UDP']) for (const address of ['10.0.0.1', '0.0.0.0']) for (const port of [53, 80]) {
        const place = `${protocol}/${address}:${port}`;
        const wanted = [...rules].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([of, claimed]) => claimed.filter((one) => placeOf(one) === place).map((one) => ({ id: of, listen: one })))[0];
        expect(places.holder(place)).toEqual(wanted);
      }
    }
  }));
});
