using System.Globalization;
using AgentGrid.Cli.Client;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary>
/// A fixed number of clients, each of which posts a run, waits for its end, and posts the next. The time from post to
/// end is what a client sees; a slow server slows the posting too, so nothing piles up.
/// </summary>
internal sealed class ClosedLoop(GridServer server, TimeProvider time)
{
    // Another match each time, so that no run is found instead of started.
    private readonly string _match = $"bench-{Guid.NewGuid():N}";
    private readonly Lock _gate = new();
    private readonly List<double> _latencies = [];
    private int _posted;
    private int _failed;
    private int _refused;

    public required Json Plan { get; init; }
    public required Json Snapshot { get; init; }

    public async Task<LoopResult> MeasureAsync(
        int concurrency, TimeSpan warmup, TimeSpan length, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, concurrency)
            .Select(_ => ClientAsync(start, warmup, warmup + length, cancellationToken)));
        var seconds = (time.GetElapsedTime(start) - warmup).TotalSeconds;
        _latencies.Sort();
        return new LoopResult(
            concurrency, Math.Round(seconds, 3), _latencies.Count, Math.Round(_latencies.Count / seconds, 1),
            Percentile(0.50), Percentile(0.95), Percentile(0.99), Percentile(1), _failed, _refused);
    }

    private async Task ClientAsync(
        long start, TimeSpan warmup, TimeSpan until, CancellationToken cancellationToken)
    {
        while (time.GetElapsedTime(start) < until)
        {
            var (began, posted) = (time.GetElapsedTime(start), time.GetTimestamp());
            try
            {
                var answer = await server.PostAsync(
                    "api/v1/orchestrate?wait=60s", NextBody(), cancellationToken, TimeSpan.FromSeconds(60));
                var latency = time.GetElapsedTime(posted);
                if (began >= warmup)
                {
                    Record(latency, completed: answer.Element.GetProperty("status").ValueEquals("completed"));
                }
            }
            catch (ProblemException e) when (e.Problem.Status == 429)
            {
                Interlocked.Increment(ref _refused);
                await Task.Delay(TimeSpan.FromSeconds(e.Problem.RetryAfter ?? 1), time, cancellationToken);
            }
        }
    }

    private void Record(TimeSpan latency, bool completed)
    {
        lock (_gate)
        {
            _latencies.Add(latency.TotalMilliseconds);
            _failed += completed ? 0 : 1;
        }
    }

    private Json NextBody()
    {
        var number = Interlocked.Increment(ref _posted);
        return Json.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("match_id", _match);
            writer.WriteString("round", number.ToString(CultureInfo.InvariantCulture));
            writer.WritePropertyName("grid_snapshot");
            Snapshot.WriteTo(writer);
            writer.WritePropertyName("plan");
            Plan.WriteTo(writer);
            writer.WriteEndObject();
        });
    }

    // The nearest rank: a latency that some run really had.
    private double? Percentile(double share) => _latencies.Count == 0
        ? null
        : Math.Round(_latencies[Math.Max(0, (int)Math.Ceiling(share * _latencies.Count) - 1)], 3);
}
