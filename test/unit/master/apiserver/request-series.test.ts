// Requests counted and timed: what Prometheus reads of them.
import { RequestSeries } from '../../../../master/apiserver/request-series.ts';

const labels = (verb: string) => (): Record<string, string> => ({ verb, resource: 'pods' });

test('counts by code and times by bounds, each bucket with all that was shorter', () => {
  const series = new RequestSeries();
  series.add('get', labels('GET'), 200, 0.004);
  series.add('get', labels('GET'), 200, 0.005);
  series.add('get', labels('GET'), 404, 0.03);
  series.add('get', labels('GET'), 200, 61);
  const lines = series.text().split('\n');
  expect(lines).toEqual(expect.arrayContaining([
    '# TYPE apiserver_request_total counter', '# TYPE apiserver_request_duration_seconds histogram',
    'apiserver_request_total{verb="GET",resource="pods",code="200"} 3', 'apiserver_request_total{verb="GET",resource="pods",code="404"} 1',
    'apiserver_request_duration_seconds_bucket{verb="GET",resource="pods",le="0.005"} 2', 'apiserver_request_duration_seconds_bucket{verb="GET",resource="pods",le="0.025"} 2',
    'apiserver_request_duration_seconds_bucket{verb="GET",resource="pods",le="0.05"} 3', 'apiserver_request_duration_seconds_bucket{verb="GET",resource="pods",le="60"} 3',
    'apiserver_request_duration_seconds_bucket{verb="GET",resource="pods",le="+Inf"} 4', 'apiserver_request_duration_seconds_count{verb="GET",resource="pods"} 4',
  ]));
  expect(Number(lines.find((line) => line.startsWith('apiserver_request_duration_seconds_sum'))!.split(' ')[1])).toBeCloseTo(61.039);
});

test('what lasts as long as somebody listens is counted and not timed', () => {
  const series = new RequestSeries();
  series.add('watch', labels('WATCH'), 200, undefined);
  expect(series.text()).toContain('apiserver_request_total{verb="WATCH",resource="pods",code="200"} 1');
  expect(series.text()).not.toContain('_bucket');
});

test('label values that would end their quotes do not', () => {
  const series = new RequestSeries();
  series.add('odd', () => ({ subresource: 'a"b\\c\nd' }), 404, undefined);
  expect(series.text()).toContain('apiserver_request_total{subresource="a\\"b\\\\c\\nd",code="404"} 1');
});
