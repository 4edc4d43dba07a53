import http from 'k6/http';
import { sleep } from 'k6';
export const options = { scenarios: { steady: { executor: 'constant-arrival-rate', rate: 20, timeUnit: '1s', duration: '4s', preAllocatedVUs: 10 }, users: { executor: 'ramping-vus', startVUs: 1, stages: [{ duration: '3s', target: 4 }], startTime: '1s', exec: 'browse' } }, thresholds: { http_req_duration: ['p(95)<500'], http_req_failed: ['rate<0.01'] } };
export default function () { http.get(`${__ENV.BASE}/items/${Math.floor(Math.random() * 1000)}?x=1`); }
export function browse() { http.get(`${__ENV.BASE}/`); sleep(0.2); http.post(`${__ENV.BASE}/cart`, '{}'); }
