namespace AgentGrid.Cluster.Tests.Silo;

/// <summary>A trace goes from the API over the silos to the attempts.</summary>
public sealed class TraceTests
{
    [Fact]
    public async Task Post_ToTheApi_IsOneTraceThroughTheCluster()
    {
        await using var collector = new OtlpCollector();
        var cluster = $"traced-{Guid.NewGuid():N}";
        await using (var silo = Launch("silo"))
        await using (var api = Launch("api"))
        {
            await Task.WhenAll(SiloProgram.StartedAsync(silo), SiloProgram.StartedAsync(api));
            await api.PostAsync("m", "echo", new { }, toTheEnd: true);
            await Task.WhenAll(silo.SignalAsync(GridProcess.Terminate), api.SignalAsync(GridProcess.Terminate));
            await Task.WhenAll(silo.Exited, api.Exited);
        }

        var spans = collector.Spans;
        var attempt = Assert.Single(spans, s => s.Name == "invoke_agent echo");
        var run = Assert.Single(spans, s => s.Id == attempt.Parent);
        Assert.Equal("invoke_workflow inline", run.Name);
        var post = Assert.Single(spans, s => s.Id == run.Parent);
        Assert.Equal("POST /api/v1/orchestrate", post.Name);
        // Called by the API, once or again, and answered by the silo.
        const string Submit = "IMatchGrain/SubmitAsync";
        var calls = spans.Where(s => s.Name == Submit && s.Parent == post.Id).Select(s => s.Id).ToHashSet();
        Assert.Contains(spans, s => s.Name == Submit && calls.Contains(s.Parent));
        // What Orleans begins by itself.
        Assert.DoesNotContain(spans, s => s.Parent.Length == 0 && s.Name.Contains('/') && !s.Name.Contains(' '));
        Assert.Contains("orleans-messaging-sent-messages-size", collector.Texts("metrics"), StringComparison.Ordinal);

        SiloProgram Launch(string role) => SiloProgram.LaunchIn(
            new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url },
            SharedRedis.Address, "--cluster-id", cluster, "--role", role);
    }
}
