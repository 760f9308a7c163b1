// The configuration files inside the demo images.

export const passwd = 'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n';
export const group = 'root:x:0:\nadm:x:4:\nwww-data:x:33:\nnogroup:x:65534:\n';

/** Every path answers any method, so that clients may GET and POST; logs go where `docker logs` and `kubectl logs` read them. */
export const nginxConfig = (version: string): string => `user www-data;
worker_processes 1;
error_log /dev/stderr notice;
pid /run/nginx.pid;
events { worker_connections 4096; }
http {
  include /etc/nginx/mime.types;
  access_log /dev/stdout;
  sendfile on;
  keepalive_timeout 75s;
  server_tokens off;
  server {
    listen 80 default_server backlog=4096;
    default_type text/plain;
    location = / {
      default_type text/html;
      return 200 "<!doctype html><title>Dray</title><h1>nginx ${version}</h1><p>Served by $hostname.</p>\\n";
    }
    location = /version { return 200 "${version}\\n"; }
    location = /healthz { return 200 "ok\\n"; }
    location = /hostname { return 200 "$hostname\\n"; }
    location = /client { return 200 "$remote_addr $http_x_forwarded_for\\n"; }
    location / { return 404 "not found\\n"; }
  }
}
`;
