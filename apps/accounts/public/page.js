// The page: plain requests to the API, as any single-page application makes them. Each module owns one part of it.
import { startDevices } from './modules/devices.js';
import { startGreeting } from './modules/greeting.js';
import { startRefusals } from './modules/refusals.js';
import { startRoutes } from './modules/routes.js';
import { readFragment, startSignInForm } from './modules/sign-in-form.js';
import { begin } from './modules/sign-in.js';
import { startTokenCard } from './modules/token-card.js';
import { startTrail } from './modules/trail.js';

for (const start of [
  startSignInForm,
  startGreeting,
  startTokenCard,
  startDevices,
  startTrail,
  startRoutes,
  startRefusals,
])
  start();
await begin();
readFragment();
