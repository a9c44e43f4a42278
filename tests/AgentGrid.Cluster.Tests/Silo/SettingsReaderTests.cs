using System.Net;
using AgentGrid.Api;
using AgentGrid.Api.Hosting;
using AgentGrid.Api.Settings;
using AgentGrid.Silo;
using AgentGrid.Silo.Hosting;
using AgentGrid.Silo.Modes;
using AgentGrid.Silo.Settings;
using Microsoft.Extensions.Configuration;

namespace AgentGrid.Cluster.Tests.Silo;

public sealed class SettingsReaderTests
{
    [Fact]
    public void Read_Nothing_IsOneSiloWithAFile()
    {
        var settings = Read();

        Assert.Equal((SiloRole.All, (string?)null, SiloModes.OneSilo), (settings.Role, settings.Redis, settings.Mode));
        Assert.Null(settings.Engine.Queues);
        Assert.Null(settings.Engine.GpuMemoryMb);
    }

    [Fact]
    public void Read_ARedis_IsEverythingOfAClusterInOneProcess()
    {
        var settings = ReadCluster();

        Assert.Equal(
            (SiloRole.All, "127.0.0.1:6379", "agentgrid", "agentgrid", SiloModes.Cluster),
            (settings.Role, settings.Redis, settings.ClusterId, settings.KeyPrefix, settings.Mode));
        Assert.Equal("agents:events", settings.RunLog.Channel);
    }

    [Theory]
    [InlineData("--cluster-id", "east")]
    [InlineData("--advertise", "10.1.2.3")]
    [InlineData("--AgentGrid:KeyPrefix", "east")]
    [InlineData("--AgentGrid:Channel", "")]
    [InlineData("--AgentGrid:Replicas", "1")]
    [InlineData("--role", "silo")]
    [InlineData("--role", "api")]
    public void Read_WithoutRedisWhatIsOfAClusterAlone_IsRefused(string option, string value)
    {
        var refused = Assert.Throws<StartupRefusedException>(() => Read(option, value));

        Assert.Equal(2, refused.ExitCode);
        Assert.StartsWith(option, refused.Message, StringComparison.Ordinal);
        Assert.Contains("name the Redis of the cluster with --redis", refused.Message, StringComparison.Ordinal);
        ReadCluster(option, value);
    }

    [Theory]
    [InlineData("--data", "elsewhere")]
    [InlineData("--AgentGrid:Synchronous", "Normal")]
    public void Read_WithRedisWhatIsOfAFileAlone_IsRefused(string option, string value)
    {
        Assert.Contains(
            $"{option} does not apply with Redis",
            Assert.Throws<StartupRefusedException>(() => ReadCluster(option, value)).Message, StringComparison.Ordinal);
        Read(option, value);
    }

    [Theory]
    [InlineData("--role", "all")]
    [InlineData("--name", "one")]
    [InlineData("--queues", "general")]
    [InlineData("--silo-port", "4001")]
    [InlineData("--AgentGrid:Retention", "1h")]
    [InlineData("--AgentGrid:FeedBuffer", "7")]
    [InlineData("--AgentGrid:Dashboard", "false")]
    public void Read_WhatMeansSomethingToBoth_IsTaken(string option, string value)
    {
        Read(option, value);
        ReadCluster(option, value);
    }

    [Fact]
    public void Read_ASilo_ServesGeneralUnlessTold()
    {
        Assert.Equal(["general"], ReadCluster("--role", "silo").Engine.Queues!.Value);
        Assert.Equal(["gpu", "big"], ReadCluster("--role", "silo", "--queues", "gpu, big,gpu").Engine.Queues!.Value);
    }

    [Fact]
    public void Read_EveryOption_IsTaken()
    {
        var settings = Read(
            "--role", "silo", "--name", "gpu1", "--redis", "redis.example:6380,password=secret", "--cluster-id", "east",
            "--labels", "zone=eu,gpu=h100", "--gpu-memory-mb", "24000,48000", "--silo-port", "4001", "--gateway-port", "4002", "--advertise", "10.1.2.3",
            "--AgentGrid:MaxActiveRuns", "7", "--AgentGrid:DrainTimeout", "00:00:05",
            "--AgentGrid:Retention", "01:00:00", "--AgentGrid:FeedBuffer", "99", "--AgentGrid:Dashboard", "false");

        Assert.Equal(
            ("gpu1", "redis.example:6380,password=secret", "east", "east"),
            (settings.Name, settings.Redis, settings.ClusterId, settings.KeyPrefix));
        Assert.Equal((4001, 4002), (settings.SiloPort, settings.GatewayPort));
        Assert.Equal(IPAddress.Parse("10.1.2.3"), settings.Advertise);
        Assert.Equal("gpu:h100, zone:eu", settings.Engine.Labels!.ToString());
        Assert.Equal([24_000L, 48_000L], settings.Engine.GpuMemoryMb!.Value);
        Assert.Equal((7, TimeSpan.FromSeconds(5)), (settings.Engine.MaxActiveRuns, settings.Engine.DrainTimeout));
        Assert.Equal(TimeSpan.FromHours(1), settings.RunLog.Retention);
        Assert.Equal((99, false), (settings.FeedBuffer, settings.Dashboard));
    }

    [Fact]
    public void Read_TheEnvironment_CountsToo()
    {
        var settings = ReadVariables(new()
        {
            ["AGENTGRID_REDIS"] = "elsewhere:1,password=secret\n",
            ["AGENTGRID_ROLE"] = "SILO",
            ["AGENTGRID_GPU_MEMORY_MB"] = "100",
            ["AGENTGRID_DRAIN_TIMEOUT"] = " 45s\n",
        });

        Assert.Equal(("elsewhere:1,password=secret", SiloRole.Silo), (settings.Redis, settings.Role));
        Assert.Equal([100L], settings.Engine.GpuMemoryMb!.Value);
        Assert.Equal(TimeSpan.FromSeconds(45), settings.Engine.DrainTimeout);
    }

    [Fact]
    public void Read_AnEmptyChannel_IsNone() => Assert.Null(ReadCluster("--AgentGrid:Channel", "").RunLog.Channel);

    [Fact]
    public void Read_AList_IsWrittenWithCommasOrAsAnArray_AndTheLastSourceCounts()
    {
        var array = new Dictionary<string, string?>
        {
            ["AgentGrid:Queues:0"] = "gpu",
            ["AgentGrid:Queues:1"] = "general",
            ["AgentGrid:GpuMemoryMb"] = "1,2",
        };
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(array).Build();
        var both = new ConfigurationBuilder().AddInMemoryCollection(array)
            .AddInMemoryCollection([new("AgentGrid:Queues", "big"), new("AgentGrid:GpuMemoryMb:0", "3")]).Build();

        Assert.Equal(["gpu", "general"], SettingsReader.Read(configuration).Engine.Queues!.Value);
        Assert.Equal(["big"], SettingsReader.Read(both).Engine.Queues!.Value);
        Assert.Equal([3L], SettingsReader.Read(both).Engine.GpuMemoryMb!.Value);
    }

    [Fact]
    public void Check_EverySetting_IsRead() => Assert.All(SettingsReader.Known.All, name =>
    {
        // Nothing can be set so: who reads it complains.
        var variable = EnvironmentSettings.NameOf(name);
        var refused = Assert.Throws<StartupRefusedException>(() => Check(new() { [$"{variable}__A__B__C"] = "x" }));
        Assert.Contains(variable, refused.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void Check_EverySetting_IsKnownAndShownWithoutSecrets()
    {
        var check = Check(new() { ["AGENTGRID_REDIS"] = "redis.example:6380,password=secret" });

        Assert.Empty(check.Unknown);
        Assert.Contains(new SettingInForce("Redis", "redis.example:6380", "AGENTGRID_REDIS"), check.InForce);
        Assert.Contains(new SettingInForce("DrainTimeout", "30s", null), check.InForce);
        Assert.DoesNotContain(check.InForce, s => s.Value.Contains("secret", StringComparison.Ordinal));
        Assert.All(check.InForce, s => Assert.True(SettingsReader.Known.Has(s.Name.Split(':')[0]), s.Name));
        // None of them is taken for a misspelt setting of access by a program that does not have it.
        Assert.All(
            SettingsReader.Known.All.Except(SettingNames.Api.All),
            name => Assert.False(SettingNames.Api.IsAboutAccess(name), name));
    }

    [Theory]
    [InlineData("--role", "master", "there are 'silo', 'api' and 'all'")]
    [InlineData("--redis", ",password=secret", "host:port")]
    [InlineData("--redis", "localhost,nonsense=1", "host:port")]
    [InlineData("--silo-port", "70000", "from 1 to 65535")]
    [InlineData("--gateway-port", "-1", "from 1 to 65535")]
    [InlineData("--queues", ",", "names of queues")]
    [InlineData("--labels", "zone", "expected its name and its text, such as team=blue")]
    [InlineData("--labels", "zone=eu,zone=us", "is there twice")]
    [InlineData("--gpu-memory-mb", "24GB", "in MiB")]
    [InlineData("--gpu-memory-mb", "0", "in MiB")]
    [InlineData("--name", "a|b", "no '|'")]
    [InlineData("--cluster-id", "{x}", "letters, digits")]
    [InlineData("--advertise", "no such host.invalid", "nor a name that can be resolved")]
    [InlineData("--AgentGrid:MaxActiveRuns", "0", "from 1 to")]
    [InlineData("--AgentGrid:MaxActiveRuns", "many", "MaxActiveRuns")]
    [InlineData("--AgentGrid:DrainTimeout", "30", "write 30s")]
    [InlineData("--AgentGrid:Retention", "00:00:00", "1ms to 8760h")]
    [InlineData("--AgentGrid:DrainTimeout", "25:00:00", "0s to 24h")]
    [InlineData("--AgentGrid:MaxQueuedRuns", "1e3", "in digits alone")]
    [InlineData("--AgentGrid:MaxOutputBytes", "0x100", "in digits alone")]
    [InlineData("--AgentGrid:Retention", "", "is empty")]
    [InlineData("--AgentGrid:FeedBuffer", "0", "from 1 to")]
    [InlineData("--AgentGrid:Dashboard", "no", "'true' or 'false'")]
    [InlineData("--AgentGrid:Synchronous", "sometimes", "one of Full, Normal")]
    public void Read_ABadValue_IsRefusedWithAReason(string option, string value, string reason)
    {
        var refused = Assert.Throws<StartupRefusedException>(
            () => option == "--redis" || option == "--AgentGrid:Synchronous" ? Read(option, value) : ReadCluster(option, value));

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SeveralBadValues_ReportsAll()
    {
        var refused = Assert.Throws<StartupRefusedException>(
            () => ReadCluster("--role", "x", "--silo-port", "y", "--queues", ","));

        Assert.Equal(3, refused.Message.Split(Environment.NewLine).Length);
    }

    [Fact]
    public void Parse_Help_NamesEveryOption()
    {
        var help = Assert.IsType<CommandLine.Print>(CommandLine.Parse(["--help"], SiloCommandLine.Syntax)).Text;

        Assert.All(SiloCommandLine.Syntax.Words, word => Assert.Contains(word, help, StringComparison.Ordinal));
    }

    private static SiloSettings ReadCluster(params string[] args) => Read(["--redis", "127.0.0.1:6379", .. args]);

    private static SiloSettings Read(params string[] args)
    {
        var serve = Assert.IsType<CommandLine.Serve>(CommandLine.Parse(args, SiloCommandLine.Syntax));
        return SettingsReader.Read(new ConfigurationBuilder().Add(new PlacedSettings(serve.Settings)).Build());
    }

    private static SiloSettings ReadVariables(Dictionary<string, string> variables) => SettingsReader.Read(
        new ConfigurationBuilder().Add(new PlacedSettings(EnvironmentSettings.Read(variables).Settings)).Build());

    private static SettingsCheck Check(Dictionary<string, string> variables)
    {
        var environment = EnvironmentSettings.Read(variables);
        var configuration = new ConfigurationBuilder().Add(new PlacedSettings(environment.Settings)).Build();
        return SettingsCheck.Pass(configuration, environment, ClusterComposition.Create());
    }
}
