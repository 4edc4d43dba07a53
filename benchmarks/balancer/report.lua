-- Runs in wrk when its load is over: one line that a program can read. Times in microseconds.
done = function(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format("figures %d %d %d %d %d %d %d %d\n",
      summary.requests, summary.duration, summary.bytes,
      errors.connect + errors.read + errors.write, errors.timeout, errors.status,
      latency:percentile(50), latency:percentile(99)))
end
