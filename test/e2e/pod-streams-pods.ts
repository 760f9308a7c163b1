// The Pods of pod-streams.test.ts, all applied at once: what reads, writes, listens and ends, for the streams that lead to them.
import { DEMO_BUSYBOX } from '../../src/cli/demo-images.ts';

const shell = (script: string): string[] => ['sh', '-c', script];
const pod = (name: string, script: string, container: object = {}, spec: object = {}): object => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name },
  spec: { terminationGracePeriodSeconds: 0, ...spec, containers: [{ name: 'main', image: DEMO_BUSYBOX, command: shell(script), ...container }] },
});

/** Says how large its terminal is, whenever that changes. */
const sizes = 'size=; while sleep 0.05; do now=$(stty size <&3); [ "$now" = "$size" ] || echo "size $now"; size=$now; done';
/** A page, one that takes whatever it is sent, and one of so many bytes. */
const pages = 'mkdir -p /www/cgi-bin; echo only here > /www/page; printf \'#!/bin/sh\\nprintf "\\\\r\\\\n"; wc -c\\n\' > /www/cgi-bin/count; chmod +x /www/cgi-bin/count; truncate -s 120M /www/large; exec httpd -f -p 127.0.0.1:8080 -h /www';

export const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [
  pod('box', 'exec sleep 100000'),
  pod('echoer', 'echo started; while read line; do echo "heard $line"; done; echo no more; exec sleep 100000', { stdin: true }),
  pod('once', 'cat; echo no more; exec sleep 100000', { stdin: true, stdinOnce: true }),
  pod('terminal', `exec 3<&0; (${sizes}) & while read line; do echo "heard $line"; done`, { stdin: true, tty: true }),
  pod('loopback', pages, { readinessProbe: { exec: { command: ['test', '-f', '/www/large'] }, periodSeconds: 1 } }),
  pod('talker', 'i=0; while sleep 0.2; do echo "line $i"; i=$((i+1)); done'),
  // Both of its containers are gone when their logs are read.
  pod('ended', 'for i in 1 2 3; do echo "main $i"; done', {}, {
    restartPolicy: 'Never', initContainers: [{ name: 'setup', image: DEMO_BUSYBOX, command: shell('echo set up') }],
  }),
  pod('again', 'if [ -e /keep/mark ]; then echo second; exec sleep 100000; fi; touch /keep/mark; echo first; exit 3', { volumeMounts: [{ name: 'keep', mountPath: '/keep' }] }, { volumes: [{ name: 'keep', emptyDir: {} }] }),
].map((one) => {
  const spec = (one as { metadata: { name: string }; spec: { containers: object[] } });
  return spec.metadata.name === 'ended' ? { ...one, spec: { ...spec.spec, containers: [...spec.spec.containers, { name: 'side', image: DEMO_BUSYBOX, command: shell('echo side; echo "side error" >&2') }] } } : one;
}) });

/** Holds so much of the node's memory: what tail is to write at the end. */
const holder = (name: string, mebibytes: number, container: object, spec: object = {}): object =>
  pod(name, `(head -c ${mebibytes}m /dev/zero && touch /tmp/held; exec sleep 100000) | tail -c ${mebibytes}m > /dev/null`, { ...container, readinessProbe: { exec: { command: ['test', '-f', '/tmp/held'] }, periodSeconds: 1 } }, spec);
/** Hog, smaller, important, modest: so they are to go. */
export const hungry = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [
  { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'important' }, value: 1000 },
  holder('smaller', 50, {}), holder('hog', 200, {}), holder('important', 250, {}, { priorityClassName: 'important' }),
  holder('modest', 250, { resources: { requests: { memory: '600Mi' } } }),
] });
