using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Bytes that attempts write: they travel as references, belong to their run, and go with it.</summary>
public abstract class ArtifactTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    private const string TwoSteps = """
        {
          "a": {"agent": "alpha"},
          "b": {"agent": "bravo", "needs": ["a"], "with": {"frames": "a.frames", "size": "a.frames[\"$artifact\"].bytes"}}
        }
        """;

    protected override GridSetup Setup { get; } = new()
    {
        Artifacts = new ArtifactOptions { ValuesFromBytes = 2_000, MaxBytes = 100_000, MaxRunBytes = 150_000, MinFreeBytes = 0 },
        Files =
        [
            Actors.Config,
            new ConfigFile("plans/leaf.yaml", """
                plans:
                  leaf: { steps: { c: { agent: charlie, with: { script: input.script, frames: input.frames } } }, result: { made: c } }
                """),
        ],
    };

    [Fact]
    public async Task Write_InAStep_IsReadByTheNext()
    {
        var bytes = RandomNumberGenerator.GetBytes(50_000);
        Script.On("alpha", async call => Json.From(new { frames = await WriteAsync(call, bytes) }));
        byte[] read = [], mapped = [];
        Script.On("bravo", async call =>
        {
            var reference = ArtifactReference.From(call.Input.GetProperty("frames"))!;
            read = await ReadAsync(call, reference);
            mapped = await File.ReadAllBytesAsync(await call.Invocation.Artifacts.PathAsync(reference));
            return Json.From(new { size = call.Input.GetProperty("size").GetInt32(), again = reference });
        });

        var run = await RunAsync(TwoSteps);

        AssertCompleted(run);
        Assert.Equal(bytes, read);
        Assert.Equal(bytes, mapped);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        var reference = new ArtifactReference("frames", "application/x-npy", 50_000, hash);
        Assert.Equal(
            "{\"frames\":{\"$artifact\":{\"name\":\"frames\",\"media_type\":\"application/x-npy\",\"bytes\":50000,"
            + $"\"sha256\":\"{hash}\"}}}}}}",
            StepOf(run, "a").Output!.ToString());
        Assert.Contains("\"size\":50000", StepOf(run, "b").Output!.ToString(), StringComparison.Ordinal);
        var listed = Assert.Single(RunArtifacts.Of(run));
        Assert.Equal(reference, listed.Reference);
        Assert.Equal(["a", "b"], listed.Steps);
        await using var content = (await Grid.OpenArtifactAsync(run.Summary.RunId, hash))!;
        content.Position = 49_990;
        Assert.Equal(bytes[^10..], await AllOfAsync(content));
        Assert.Null(await Grid.OpenArtifactAsync(run.Summary.RunId, new string('0', 64)));
        Assert.Null(await Grid.OpenArtifactAsync(run.Summary.RunId, "../../agents.yaml"));
    }

    [Fact]
    public async Task Open_OfAnotherRun_IsNotThere()
    {
        Script.On("alpha", async call => Json.From(new { frames = await WriteAsync(call, "secret"u8.ToArray()) }));
        var other = await RunAsync("""{"a": {"agent": "alpha"}}""");
        var reference = Assert.Single(RunArtifacts.Of(other)).Reference;
        Script.On("bravo", async call => Json.From(await ReadAsync(call, ArtifactReference.From(call.Input.GetProperty("frames"))!)));
        Script.On("charlie", _ => new(Json.From(new { forged = reference })));

        // Who knows the hash, whoever that is, has nothing in his hands.
        var posted = await RunAsync("""{"b": {"agent": "bravo"}}""", Json.From(new { frames = reference }).ToString());
        var forged = await RunAsync("""{"c": {"agent": "charlie"}}""");

        Assert.Equal("artifact_not_found", AssertFailed(posted).Code);
        Assert.Equal("artifact_not_found", AssertFailed(forged).Code);
        Assert.Single(CallsOf(forged)); // trying again cannot help
        Assert.Null(await Grid.OpenArtifactAsync(posted.Summary.RunId, reference.Sha256));
    }

    [Theory]
    [InlineData("../frames", "image/png")]
    [InlineData("a/b", "image/png")]
    [InlineData("", "image/png")]
    [InlineData(".hidden", "image/png")]
    [InlineData("frames", "png")]
    [InlineData("frames", "text/html\r\nX: y")]
    public async Task Write_BadNameOrType_SaysSo(string name, string type)
    {
        Script.On("alpha", async call => Json.From(new { frames = await WriteAsync(call, [1, 2, 3], name, type) }));

        Assert.Equal("bad_artifact", AssertFailed(await RunAsync("""{"a": {"agent": "alpha"}}""")).Code);
        Assert.Empty(Kept());
    }

    [Fact]
    public async Task Write_StreamThatBreaks_KeepsNothing()
    {
        Script.On("alpha", async call => Json.From(new
        {
            frames = await call.Invocation.Artifacts.WriteAsync("frames", new BrokenStream(), "image/png"),
        }));

        var error = AssertFailed(await RunAsync("""{"a": {"agent": "alpha"}}"""));

        Assert.Equal(("artifact_not_kept", true), (error.Code, error.Retryable));
        Assert.Contains("the line is dead", error.Message, StringComparison.Ordinal);
        Assert.Empty(Kept());
    }

    [Fact]
    public async Task Sweep_EndedRun_RemovesWhatNothingRefersTo()
    {
        Script.On("alpha", async call =>
        {
            var reference = await WriteAsync(call, Encoding.UTF8.GetBytes($"try {call.Number}"));
            return call.Number == 1 ? throw new AgentException("oops", "no luck") : Json.From(new { frames = reference });
        });
        Script.On("bravo", call => throw new AgentException("oops", "no luck either", retryable: false));

        var run = await RunAsync("""
            {"a": {"agent": "alpha", "retry": {"max_attempts": 2, "backoff": "1ms"}}, "b": {"agent": "bravo", "needs": ["a"]}}
            """);
        AssertFailed(run);
        Assert.Equal(2, Kept().Length);
        await Host.SweepArtifactsAsync();

        Assert.Equal(["try 2"], Kept().Select(File.ReadAllText));

        // A retried run has all that it goes on from.
        Script.On("bravo", async call => Json.From(
            Encoding.UTF8.GetString(await ReadAsync(call, ArtifactReference.From(call.Input.GetProperty("a").GetProperty("frames"))!))));
        Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(run.Summary.RunId));
        var ended = await EndOfAsync(run.Summary);
        AssertCompleted(ended);
        Assert.Equal("\"try 2\"", StepOf(ended, "b").Output!.ToString());
    }

    [Fact]
    public async Task Child_HandsArtifactsOnAndBack()
    {
        Script.On("alpha", async call => Json.From(new { frames = await WriteAsync(call, "down"u8.ToArray()) }));
        Script.On("charlie", async call =>
        {
            var got = Encoding.UTF8.GetString(await ReadAsync(call, ArtifactReference.From(call.Input.GetProperty("frames"))!));
            return Json.From(new { got, made = await WriteAsync(call, "up"u8.ToArray(), "made") });
        });
        Script.On("bravo", async call => Json.From(Encoding.UTF8.GetString(await ReadAsync(
            call, ArtifactReference.From(call.Input.GetProperty("r").GetProperty("made").GetProperty("made"))!))));

        var run = await RunAsync(
            """
            {
              "a": {"agent": "alpha"},
              "r": {"plan": "leaf", "needs": ["a"], "with": {"script": "input.script", "frames": "a.frames"}},
              "b": {"agent": "bravo", "needs": ["r"]}
            }
            """, $$"""{"script": "{{Script.Id}}"}""");

        AssertCompleted(run);
        Assert.Contains("\"got\":\"down\"", StepOf(run, "r").Output!.ToString(), StringComparison.Ordinal);
        Assert.Equal("\"up\"", StepOf(run, "b").Output!.ToString());
        await Host.SweepArtifactsAsync();
        Assert.Equal(4, Kept().Length);
        // What the child has made stays with the parent, when the child goes.
        var child = StepOf(run, "r").Attempts.Single().Run!.Value;
        Directory.Delete(Path.Combine(Host.ArtifactFolder, child.Value), recursive: true);
        var up = RunArtifacts.Of(run).Single(static a => a.Reference.Name == "made").Reference;
        await using var content = await Grid.OpenArtifactAsync(run.Summary.RunId, up.Sha256);
        Assert.Equal("up"u8.ToArray(), await AllOfAsync(content!));
    }

    [Fact]
    public async Task Crash_BetweenWriteAndCompletion_LeavesNothing()
    {
        var gate = Script.Gate();
        var written = new TaskCompletionSource();
        Script.On("alpha", async call =>
        {
            var reference = await WriteAsync(call, Encoding.UTF8.GetBytes($"delivery {call.Number}"));
            if (call.Number == 1)
            {
                written.SetResult();
                await gate.PassAsync(call);
            }
            return Json.From(new { frames = reference });
        });
        Script.On("bravo", async call => Json.From(
            Encoding.UTF8.GetString(await ReadAsync(call, ArtifactReference.From(call.Input.GetProperty("frames"))!))));
        var accepted = await AcceptAsync(TwoSteps);
        await Limits.WithinAsync(written.Task, static () => "the first artifact");
        await SeenAsync(accepted, "alpha:start");

        await Host.CrashAsync();
        await Host.StartAsync(Setup);
        var run = await EndOfAsync(accepted);

        AssertCompleted(run);
        Assert.Equal("\"delivery 2\"", StepOf(run, "b").Output!.ToString());
        await Host.SweepArtifactsAsync();
        Assert.Equal(["delivery 2"], Kept().Select(File.ReadAllText));
    }

    [Fact]
    public async Task LargeValues_LieBesideTheJournal_AndNobodySeesIt()
    {
        const string plan = """
            {
              "a": {"agent": "alpha"},
              "b": {"agent": "bravo", "mode": "each", "for_each": "a.list", "needs": ["a"], "when": "a.size == 3",
                    "with": {"text": "item", "all": "a.list"}},
              "r": {"plan": "leaf", "needs": ["b"], "with": {"script": "input.script", "frames": "b[2]"}},
              "c": {"agent": "charlie", "needs": ["a", "b", "r"]}
            }
            """;
        string Text(char letter) => new(letter, 3_000);
        Script.On("alpha", _ => new(Json.From(new { list = new[] { Text('x'), Text('y'), Text('z') }, size = 3 })));
        Script.On("bravo", call => new(Json.From(new
        {
            text = call.Input.GetProperty("text").GetString(),
            of = call.Input.GetProperty("all").GetArrayLength(),
        })));
        var gate = Script.Gate();
        var seen = "";
        Script.On("charlie", async call =>
        {
            if (call.Invocation.Results.Count == 0)
            {
                return Json.From(call.Input.GetProperty("frames")); // in the run of the step r
            }
            await gate.PassAsync(call);
            seen = call.Invocation.Input.ToString();
            return Json.From(call.Input.GetProperty("posted").GetString()!.Length);
        });

        var posted = $$"""{"script": "{{Script.Id}}", "posted": "{{Text('p')}}"}""";
        var accepted = await AcceptAsync(plan, posted);
        await SeenAsync(accepted, "charlie:start");
        await Host.CrashAsync();
        await Host.StartAsync(Setup);
        gate.Open();
        var run = await EndOfAsync(accepted);

        AssertCompleted(run);
        Assert.Equal("3000", StepOf(run, "c").Output!.ToString());
        var list = $$"""[{"text":"{{Text('x')}}","of":3},{"text":"{{Text('y')}}","of":3},{"text":"{{Text('z')}}","of":3}]""";
        Assert.Equal(list, StepOf(run, "b").Output!.ToString());
        Assert.Equal(list, JsonElement.Parse(seen).GetProperty("b").GetRawText());
        Assert.Contains(Text('z'), StepOf(run, "r").Output!.ToString(), StringComparison.Ordinal);
        Assert.Contains(Text('p'), run.Input.ToString(), StringComparison.Ordinal);
        // The input, a's output, those of three items, and what the child was given and both have of its result.
        var kept = Kept();
        Assert.Contains(kept, path => File.ReadAllText(path) == StepOf(run, "a").Output!.ToString());
        Assert.Equal(8, kept.Length);
        Assert.Empty(RunArtifacts.Of(run));
        await Host.SweepArtifactsAsync();
        Assert.Equal(kept.Order(), Kept().Order());
    }

    [Fact]
    public async Task Open_TruncatedOrRemoved_SaysWhatIsWrong()
    {
        Script.On("alpha", async call =>
        {
            var reference = await WriteAsync(call, Encoding.UTF8.GetBytes(call.Invocation.RunId.Value));
            return Json.From(new { frames = reference });
        });
        Script.On("bravo", async call =>
        {
            var reference = ArtifactReference.From(call.Input.GetProperty("frames"))!;
            var path = await call.Invocation.Artifacts.PathAsync(reference);
            if (call.Number == 1)
            {
                await using var file = new FileStream(path, FileMode.Open);
                file.SetLength(3);
            }
            else
            {
                File.Delete(path);
            }
            return Json.From(await ReadAsync(call, reference));
        });

        Assert.Equal("artifact_damaged", AssertFailed(await RunAsync(TwoSteps)).Code);
        Assert.Equal("artifact_not_found", AssertFailed(await RunAsync(TwoSteps)).Code);
    }

    // What has a place, and what is half done.
    private string[] Kept() => Directory.Exists(Host.ArtifactFolder)
        ? Directory.GetFiles(Host.ArtifactFolder, "*", SearchOption.AllDirectories)
        : [];

    private static async Task<ArtifactReference> WriteAsync(
        Call call, byte[] bytes, string name = "frames", string type = "application/x-npy") =>
        await call.Invocation.Artifacts.WriteAsync(name, new MemoryStream(bytes), type, call.Cancellation);

    private static async Task<byte[]> ReadAsync(Call call, ArtifactReference reference)
    {
        await using var stream = await call.Invocation.Artifacts.OpenAsync(reference, call.Cancellation);
        return await AllOfAsync(stream);
    }

    private static async Task<byte[]> AllOfAsync(Stream stream)
    {
        var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    private sealed class BrokenStream : MemoryStream
    {
        private bool _isBroken;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_isBroken)
            {
                throw new IOException("the line is dead");
            }
            _isBroken = true;
            return new(100);
        }
    }
}
