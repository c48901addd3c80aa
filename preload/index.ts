/**
 * Electron's preload script: puts the frozen bridge into the window as `window.frostline`. It runs sandboxed and exposes nothing of
 * Node or Electron. The main process sends one end of a MessageChannel as `frostline:port`, and a new one whenever the host
 * process was started again; frames go over it as JSON text.
 */
import { contextBridge, ipcRenderer } from 'electron';
import { createFrameClient } from '../shared/contract/client.ts';
import { procedure } from '../shared/contract/contract.ts';
import { buildBridge } from './bridge.ts';
import { createPortLink } from './port.ts';

const link = createPortLink();
const frames = createFrameClient((text) => link.send(text), procedure);
link.attach(frames);
ipcRenderer.on('frostline:port', (event) => {
  const port = event.ports[0];
  if (port !== undefined) link.use(port);
});
contextBridge.exposeInMainWorld('frostline', buildBridge(frames.client, link.connection));
