using AgentGrid.Kinds.Http;

namespace AgentGrid.Kinds.Tests.Http;

/// <summary>What is said of an agent of the kind <c>http</c>.</summary>
public sealed class HttpSettingsTests
{
    [Theory]
    [InlineData("url: \"https://render.example.com/api\"")]
    [InlineData("url: \"https://${env:HOST}:${env:PORT}/x?key=${file:/run/key}\"")]
    [InlineData("url: \"${env:BASE}/x\"")]
    [InlineData("url: \"http://[::1]:8000/\", headers: { X-A: a, X-B: \"${env:B}\" }, method: PATCH, body: input.a, idempotency_key: none, poll_interval: 2s, connect_timeout: 3s, protocol: json")]
    public void Read_Good_HasNoProblems(string keys) => Assert.Empty(Read(keys));

    [Theory]
    [InlineData("method: POST", "AG1008", "'url' must say where the service is")]
    [InlineData("url: \"render/api\"", "AG1024", "'url' cannot be 'render/api': an address is absolute and begins with http:// or https://.")]
    [InlineData("url: \"ftp://x/\"", "AG1024", "'url' cannot be 'ftp://x/'")]
    [InlineData("url: \"http://me:secret@x/\"", "AG1024", "'url': addresses are shown")]
    [InlineData("url: \"http://x/#a\"", "AG1024", "'url' cannot be 'http://x/#a': what comes after '#'")]
    [InlineData("url: \"http://x/${ENV}\"", "AG1023", "'${ENV}' refers to nothing")]
    [InlineData("url: 3", "AG1004", "'url': expected a text")]
    [InlineData("url: \"http://x\", ulr: a", "AG1002", "unknown key 'ulr', did you mean 'url'?")]
    [InlineData("url: \"http://x\", tools: []", "AG1002", "unknown key 'tools'")]
    [InlineData("url: \"http://x\", method: GET", "AG1014", "'method' cannot be 'GET'; known: PATCH, POST, PUT.")]
    [InlineData("url: \"http://x\", method: Post", "AG1014", "'method' cannot be 'Post', did you mean 'POST'?")]
    [InlineData("url: \"http://x\", headers: { \"a b\": c }", "AG1007", "'a b' cannot be the name of a header")]
    [InlineData("url: \"http://x\", headers: { content-length: \"3\" }", "AG1013", "the header 'content-length' is set by Agent Grid")]
    [InlineData("url: \"http://x\", headers: { AgentGrid-Run: x }", "AG1013", "the header 'AgentGrid-Run' is set by Agent Grid")]
    [InlineData("url: \"http://x\", headers: { x-a: b, X-A: c }", "AG1003", "'X-A' and 'x-a' are the same header")]
    [InlineData("url: \"http://x\", headers: { X-A: 3 }", "AG1004", "'X-A': expected a text, got the number 3. Put it in quotes.")]
    [InlineData("url: \"http://x\", headers: { X-A: \"${file}\" }", "AG1023", "'${file}' refers to nothing")]
    [InlineData("url: \"http://x\", body: motion.frames", "AG1111", "'body': a path begins with 'input', which is all that the agent is given: did you mean 'input.motion.frames'?")]
    [InlineData("url: \"http://x\", body: inptu.frames", "AG1111", "'body': a path begins with 'input', which is all that the agent is given: did you mean 'input.frames'?")]
    [InlineData("url: \"http://x\", body: \"input[\"", "AG1109", "'body': 'input[', at character 7: expected an index")]
    [InlineData("url: \"http://x\", idempotency_key: run", "AG1014", "'idempotency_key' cannot be 'run'; known: attempt, none, step.")]
    [InlineData("url: \"http://x\", poll_interval: 0s", "AG1005", "'poll_interval' must be at least 1ms")]
    [InlineData("url: \"http://x\", connect_timeout: soon", "AG1006", "'connect_timeout': ")]
    [InlineData("url: \"http://x\", protocol: grpc", "AG1014", "'protocol' cannot be 'grpc'")]
    [InlineData("url: \"http://x\", inputs: { a: input }", "AG1013", "'inputs' says which tensors there are, and needs 'protocol: kserve'.")]
    [InlineData("url: \"http://x\", protocol: kserve", "AG1008", "'inputs' must say which tensors the model gets")]
    [InlineData("url: \"http://x\", protocol: kserve, inputs: { a: input }, body: input", "AG1013", "'body' has no meaning with 'protocol: kserve'")]
    [InlineData("url: \"http://x\", protocol: kserve, inputs: [a]", "AG1004", "'inputs': expected a mapping, got a list.")]
    [InlineData("url: \"http://x\", protocol: kserve, inputs: { a: tokens }", "AG1111", "'a': a path begins with 'input'")]
    [InlineData("url: \"http://x\", protocol: kserve, inputs: { a: { datatype: INT64 } }", "AG1008", "'path' must say where in the input the values of 'a' are")]
    [InlineData("url: \"http://x\", protocol: kserve, inputs: { a: { path: input, datatype: int64 } }", "AG1014", "'datatype' cannot be 'int64', did you mean 'INT64'?")]
    [InlineData("url: \"http://x\", protocol: kserve, inputs: { a: { path: input, dtype: INT64 } }", "AG1002", "unknown key 'dtype'")]
    [InlineData("url: \"http://x\", protocol: kserve, inputs: { a: { path: input, shape: [-1, -1] } }", "AG1004", "'shape' is a list of whole numbers")]
    [InlineData("url: \"http://x\", protocol: kserve, inputs: { a: { path: input, shape: 3 } }", "AG1004", "'shape' is a list of whole numbers")]
    [InlineData("url: \"http://x\", protocol: kserve, inputs: { a: input }, outputs: { f: \"\" }", "AG1109", "'f': expected where in the output its values go")]
    [InlineData("url: \"http://x\", protocol: kserve, inputs: { a: input }, outputs: { f: a.b, g: a }", "AG1013", "'a' and 'a.b' cannot both be in the output")]
    public void Read_Mistakes_AreReportedAtTheirPlace(string keys, string code, string message)
    {
        var problem = Assert.Single(Problems(keys));
        Assert.Equal((code, 2), (problem.Code, problem.Line));
        Assert.StartsWith(message, problem.Message);
    }

    [Fact]
    public void Target_IsTheAddressWithReferences()
    {
        var kind = Agents.Read(
            new HttpKind(), "kind: http, url: \"http://x.example.com/?key=${env:KEY}\"").Config!.Agents["tested"].Kind!;
        Assert.Equal(("http", "http://x.example.com/?key=${env:KEY}"), (kind.Name, kind.Target));
    }

    private static IEnumerable<string> Read(string keys) => Problems(keys).Select(p => p.Message);

    private static IEnumerable<AgentGrid.Core.Documents.ConfigProblem> Problems(string keys) =>
        Agents.Read(new HttpKind(), $"kind: http, {keys}").Problems;
}
