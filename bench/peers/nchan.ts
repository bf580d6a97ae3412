import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Audience, Peer, Service, Wire } from '../peer.ts'
import type { ServerProcess, Stage } from '../stage.ts'
import { post } from './post.ts'

const moduleFile = 'ngx_nchan_module.so'
const moduleFolders = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/share/nginx/modules', '/usr/local/nginx/modules']

/** nginx with the nchan module, one worker, ten messages kept as in Fanfare's benchmark channel. */
export const nchan: Peer = {
  name: 'nginx + nchan',
  missing() {
    if (nginx() === null) return 'no nginx'
    return modulePath() === undefined ? `nginx without ${moduleFile} (Debian: libnginx-mod-nchan)` : undefined
  },
  async start(stage: Stage): Promise<Service> {
    const port = stage.nextPort()
    const folder = await stage.folder(`nginx-${port}`)
    const configuration = join(folder, 'nginx.conf')
    await Bun.write(configuration, nginxConfiguration(port, folder))
    const command = [nginx() ?? 'nginx', '-p', folder, '-e', join(folder, 'error.log'), '-c', configuration]
    return new NchanService(await stage.startServer('nginx', { command, port }))
  },
}

function nginx(): string | null {
  return Bun.which('nginx') ?? (existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : null)
}

function modulePath(): string | undefined {
  return moduleFolders.map(folder => join(folder, moduleFile)).find(existsSync)
}

function nginxConfiguration(port: number, folder: string): string {
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  return `load_module ${modulePath()};
${user}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 19900; }
http {
  access_log off;
  nchan_shared_memory_size 128m;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /sse { nchan_subscriber eventsource; nchan_channel_id bench; nchan_subscriber_first_message newest; }
    location = /ws { nchan_subscriber websocket; nchan_channel_id bench; nchan_subscriber_first_message newest; }
    location = /publish { nchan_publisher http; nchan_channel_id bench; nchan_message_buffer_length 10; nchan_message_timeout 1m; }
  }
}
`
}

class NchanService implements Service {
  readonly process: ServerProcess

  constructor(process: ServerProcess) {
    this.process = process
  }

  audience(wire: Wire): Audience {
    return { wire, path: `/${wire}` }
  }

  async publish(messages: readonly string[]): Promise<number> {
    for (const message of messages) await post(`${this.process.url}/publish`, message, { 'Content-Type': 'application/json' })
    return messages.length
  }
}
