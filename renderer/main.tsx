/** Entry of the window: picks the carrier (Electron's bridge where there is one, else the WebSocket) and mounts the application. */
import './ui/tokens.css';
import './ui/base.css';
import './ui/controls.css';
import './ui/overlay.css';
import './ui/table.css';
import './app/app.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { applyTheme } from './app/theme.ts';
import { createBridgeClient } from './transport/bridgeClient.ts';
import { createChanges } from './transport/changes.ts';
import { connection } from './transport/connection.ts';
import { startHeartbeat } from './transport/heartbeat.ts';
import { browserSocketOptions, createWebSocketClient } from './transport/webSocketClient.ts';

applyTheme();
const client =
  window.frostline === undefined
    ? createWebSocketClient(browserSocketOptions(window.location, connection))
    : createBridgeClient(window.frostline, connection);
const changes = createChanges(client, connection);
const deps = { client, changes, connection };
changes.start();
startHeartbeat({ client, connection });

const root = document.getElementById('root');
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <App deps={deps} />
    </StrictMode>,
  );
