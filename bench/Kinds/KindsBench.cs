using System.Diagnostics;
using System.Globalization;
using AgentGrid.Bench.Load;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Process;

namespace AgentGrid.Bench.Kinds;

/// <summary>
/// What it costs that an agent is no class: the same echo as a class, as programs in Python, and as a service on this machine.
/// </summary>
internal static class KindsBench
{
    private const string Echo = """
        from agentgrid import register_agent


        @register_agent
        def echo(payload):
            return payload

        """;

    // What a worker in Python cannot do without, for each attempt: to read a line and to write one.
    private const string JsonAlone = """
        import json, sys, time
        line, n = sys.stdin.read(), 20000
        start = time.perf_counter()
        for _ in range(n):
            m = json.loads(line)
            json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": m["params"]["input"]}, ensure_ascii=False, separators=(",", ":"))
        print(n / (time.perf_counter() - start))
        """;

    public static async Task<int> RunAsync(BenchOptions options, string data)
    {
        await File.WriteAllTextAsync(Path.Combine(data, "bench_echo.py"), Echo);
        await using var service = await ServiceAsync();
        var input = Input();
        Console.WriteLine(Report.DescribeMachine(data));
        var most = await JsonAloneAsync(input);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"Input: {input.Utf8.Length} bytes. CPython reads and writes that as JSON, alone and in one process, {most:N0} times/s."));
        Console.WriteLine("\n| agent | callers | attempts/s | p50 ms | p99 ms |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: |");
        await MeasureAsync("class", new ClassEcho());
        foreach (var processes in (int[])[1, 4])
        {
            await using var program = AgentLoad.Create(new ProcessKind(), string.Create(CultureInfo.InvariantCulture,
                $"kind: process, command: [python3, -m, agentgrid.worker, bench_echo], processes: {processes}, working_directory: \"{data}\", env: {{ PYTHONPATH: \"{Path.Combine(AppContext.BaseDirectory, "python")}{Path.PathSeparator}{data}\" }}"), data);
            await program.WarmUpAsync(default);
            await MeasureAsync($"process, {processes}", program);
        }
        await using var http = AgentLoad.Create(new HttpKind(), $"kind: http, url: \"{service.Urls.First()}/echo\"", data);
        await MeasureAsync("http", http);
        return 0;

        async Task MeasureAsync(string name, IAgent agent)
        {
            foreach (var callers in options.Concurrency)
            {
                await AgentLoad.RunAsync(agent, input, callers, TimeSpan.FromSeconds(options.Warmup));
                var (latencies, elapsed) = await AgentLoad.RunAsync(agent, input, callers, TimeSpan.FromSeconds(options.Seconds));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {name} | {callers} | {latencies.Length / elapsed.TotalSeconds:N0} | {RunResults.Percentile(latencies, 50):N3} | {RunResults.Percentile(latencies, 99):N2} |"));
            }
        }
    }

    // As a step is given it: a small object with numbers and texts.
    private static Json Input() => Json.From(new
    {
        match_id = "m",
        round = "1",
        players = Enumerable.Range(0, 5).Select(i => new { id = i, name = $"player_{i}", x = 1.5 * i, y = 2.25 * i }),
    });

    private static async Task<double> JsonAloneAsync(Json input)
    {
        using var python = Process.Start(new ProcessStartInfo("python3")
        {
            ArgumentList = { "-c", JsonAlone },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        await python.StandardInput.WriteAsync(
            $$"""{"jsonrpc":"2.0","id":7,"method":"run","params":{"run_id":"01a202f6e0647131bc18100a246f23e1","step":"step","attempt":1,"input":{{input}} } }""");
        python.StandardInput.Close();
        var said = await python.StandardOutput.ReadToEndAsync();
        await python.WaitForExitAsync();
        return double.Parse(said, CultureInfo.InvariantCulture);
    }

    private static async Task<WebApplication> ServiceAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/echo", static async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Request.Body.CopyToAsync(context.Response.Body);
        });
        await app.StartAsync();
        return app;
    }

    private sealed class ClassEcho : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) => new(invocation.Input);
    }
}
