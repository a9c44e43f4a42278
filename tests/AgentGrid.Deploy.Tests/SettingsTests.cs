using System.Globalization;
using System.Text.RegularExpressions;
using AgentGrid.Api;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded;

namespace AgentGrid.Deploy.Tests;

/// <summary>What deploy/ tells the programs is something that they understand.</summary>
public sealed partial class SettingsTests
{
    private const string DrainName = "AGENTGRID_DRAIN_TIMEOUT";

    private static readonly string[] s_files =
    [
        "docs/operations.md",
        .. Directory.EnumerateFiles(Repository.PathOf("deploy"), "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Repository.Root, f).Replace('\\', '/')),
    ];

    // The guide says of them that they are Kubernetes', misspelt, and of the command line.
    private static readonly string[] s_notOfServers =
        ["AGENTGRID_PORT", "AGENTGRID_SILO_PORT", "AGENTGRID_API_KEY_HSAH", "AGENTGRID_API_KEY"];

    private static readonly TimeSpan s_room = TimeSpan.FromSeconds(10);

    [Fact]
    public void EnvironmentVariables_AreKnown()
    {
        var options = typeof(ApiOptions).GetProperties().Concat(typeof(EmbeddedOptions).GetProperties())
            .Select(p => p.Name).Concat(typeof(WebhookOptions).GetProperties().Select(p => $"Webhooks{p.Name}"))
            .Concat(typeof(ArtifactOptions).GetProperties().Select(p => $"Artifacts{p.Name}"))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var named = s_files.SelectMany(f => Variable().Matches(Repository.Read(f.Split('/'))))
            .Select(m => m.Value).ToHashSet();
        var known = named.Where(n => n is "AGENTGRID_URLS" or "AGENTGRID_API_KEY_HASH" || Cluster.Variables.Contains(n)
            || Enumerable.Range(1, 2).Any(parts => options.Contains(
                string.Concat(n["AGENTGRID_".Length..].Split("__").Take(parts)).Replace("_", "", StringComparison.Ordinal))));

        Assert.True(named.Count > 8, string.Join(", ", named));
        Assert.Empty(named.Except(known).Except(s_notOfServers));
    }

    [Fact]
    public void ArgumentsOfTheCluster_AreKnown()
    {
        var compose = Yaml.Documents("deploy/compose.yaml").Single()["services"]!.AsObject();
        var used = compose.SelectMany(s => s.Value.Texts("command"))
            .Concat(Manifests.Workloads.SelectMany(Manifests.Containers).SelectMany(c => c.Texts("args")))
            .Where(a => a.StartsWith("--", StringComparison.Ordinal)).Select(a => a.Split('=')[0]).Distinct().ToList();

        Assert.Equal(["--name", "--queues", "--role", "--urls"], used.Order(StringComparer.Ordinal));
        Assert.Subset(Cluster.Options.ToHashSet(), used.ToHashSet());
        var help = Cluster.Help;
        Assert.All(Cluster.Options, o => Assert.Matches($"\n +(--[a-z-]+, )?{o}(,| <)", help));
    }

    [Fact]
    public void TimeToEnd_IsLongerThanTheDrain()
    {
        var settings = Yaml.Documents($"{Manifests.Folder}/kustomization.yaml").Single()
            .Items("configMapGenerator").Single().Texts("literals").Select(l => l.Split('='));
        var drain = DrainOf(settings.Single(l => l[0] == DrainName)[1]);
        foreach (var workload in Manifests.Workloads)
        {
            var before = workload.All("preStop").Select(p => Seconds(p.Text("sleep/seconds"))).SingleOrDefault();
            var grace = Seconds(workload.Text("spec/template/spec/terminationGracePeriodSeconds"));
            Assert.True(grace >= before + drain + s_room, workload.Text("metadata/name"));
        }
        var services = Yaml.Documents("deploy/compose.yaml").Single()["services"]!.AsObject();
        foreach (var (name, service) in services.Where(s => s.Key != "redis"))
        {
            var grace = Seconds(service!.Text("stop_grace_period").TrimEnd('s'));
            Assert.True(grace >= DrainOf(service!.Text($"environment/{DrainName}")) + s_room, name);
        }
        var unit = Repository.Read("deploy", "systemd", "agentgrid.service");
        Assert.True(Seconds(Stop().Match(unit).Groups[1].Value) >= new EmbeddedOptions().DrainTimeout + s_room);
    }

    private static TimeSpan DrainOf(string text) => DurationText.Parse(text, out _)!.Value;

    private static TimeSpan Seconds(string text) => TimeSpan.FromSeconds(int.Parse(text, CultureInfo.InvariantCulture));

    [GeneratedRegex("AGENTGRID_[A-Z0-9_]+")]
    private static partial Regex Variable();

    [GeneratedRegex("^TimeoutStopSec=(\\d+)$", RegexOptions.Multiline)]
    private static partial Regex Stop();
}
