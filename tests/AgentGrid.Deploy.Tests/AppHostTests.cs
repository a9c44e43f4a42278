using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace AgentGrid.Deploy.Tests;

/// <summary>The cluster in one window: apphost/ is not in the solution, so it is built here, and started.</summary>
public sealed class AppHostTests
{
    private static readonly string s_configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    [Fact]
    public async Task Cluster_IsBuiltAndStarted_AndShowsItselfInOneWindow()
    {
        // What it starts is built already, and in use by other tests.
        var (code, output) = await DotNetCommand.RunAsync(
            "build", Repository.PathOf("apphost"), "-c", s_configuration, "-p:BuildProjectReferences=false",
            "-p:EnforceCodeStyleInBuild=true", "-p:RunAnalyzers=true", "-nr:false", "-v", "q", "-nologo");
        Assert.True(code == 0, output);
        var (port, window) = (FreePorts.Next(), new Uri($"http://127.0.0.1:{FreePorts.Next()}"));
        using var apphost = Start(port, window);
        var said = apphost.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            using var client = new HttpClient();
            await UntilAsync(client, new Uri($"http://127.0.0.1:{port}/health/ready"), _ => true, apphost, said);
            using var body = new StringContent("""{"match_id":"m","round":1}""", Encoding.UTF8, "application/json");
            using var answer = await client.PostAsync(
                new Uri($"http://127.0.0.1:{port}/api/v1/orchestrate?wait=30s"), body, TestContext.Current.CancellationToken);
            var run = JsonElement.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.Equal("completed", run.GetProperty("status").GetString());

            await UntilAsync(client, new Uri(window, "api/telemetry/resources"), HasAllOfAll, apphost, said);
            await UntilAsync(client, new Uri(window, "api/telemetry/traces"), text => Contains(text, "invoke_agent perception"), apphost, said);

            Assert.Equal(0, SendSignal(apphost.Id, GridProcess.Terminate));
            await Limits.WithinAsync(apphost.WaitForExitAsync(TestContext.Current.CancellationToken), () => "its end");
        }
        finally
        {
            apphost.Kill(entireProcessTree: true);
        }
    }

    private static bool HasAllOfAll(string text)
    {
        var resources = JsonElement.Parse(text).EnumerateArray().ToDictionary(r => r.GetProperty("name").GetString()!);
        return ((string[])["api", "silo-1", "silo-2"]).All(name => resources.TryGetValue(name, out var r)
            && r.GetProperty("hasLogs").GetBoolean() && r.GetProperty("hasMetrics").GetBoolean());
    }

    private static bool Contains(string text, string what) => text.Contains(what, StringComparison.Ordinal);

    private static Process Start(int port, Uri window)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            "exec", Repository.PathOf("apphost", "bin", s_configuration, "net10.0", "AgentGrid.AppHost.dll"), "--Port", $"{port}",
        ])
        {
            RedirectStandardOutput = true,
        };
        // As launchSettings.json has it, at other ports, and without the token by which a person opens the window.
        start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        start.Environment["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true";
        start.Environment["ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS"] = "true";
        start.Environment["ASPNETCORE_URLS"] = window.ToString();
        start.Environment["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = $"http://127.0.0.1:{FreePorts.Next()}";
        start.Environment["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = $"http://127.0.0.1:{FreePorts.Next()}";
        return Process.Start(start)!;
    }

    private static Task UntilAsync(HttpClient client, Uri address, Func<string, bool> isThere, Process apphost, Task<string> said)
    {
        var last = "nothing";
        return Limits.EventuallyAsync(
            async () =>
            {
                Assert.False(apphost.HasExited, $"It has ended: {(apphost.HasExited ? await said : "")}");
                try
                {
                    using var answer = await client.GetAsync(address, TestContext.Current.CancellationToken);
                    last = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                    return answer.IsSuccessStatusCode && isThere(last);
                }
                catch (HttpRequestException e)
                {
                    last = e.Message; // nobody listens yet
                    return false;
                }
            },
            () => ValueTask.FromResult($"{address}: {last}"));
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int pid, int signal);
}
