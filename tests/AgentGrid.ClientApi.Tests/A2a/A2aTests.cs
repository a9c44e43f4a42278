using System.Text.Json;

namespace AgentGrid.ClientApi.Tests.A2a;

/// <summary>Runs as tasks of the Agent2Agent protocol: their beginning, their events, their answers and their end.</summary>
[Collection(nameof(A2aCollection))]
public sealed class A2aTests(A2aServer server)
{
    [Fact]
    public async Task Message_IsARun_AndItsResultAnArtifact()
    {
        var (id, context) = (server.NewId(), server.NewId("c"));

        var task = await TaskAsync(A2aServer.Message(id, new { text = "hello" }, context: context));

        Assert.Equal(("TASK_STATE_COMPLETED", context), (A2aStream.StateOf(task), task.Text("contextId")));
        var artifact = Assert.Single(task.GetProperty("artifacts").EnumerateArray());
        var part = Assert.Single(artifact.GetProperty("parts").EnumerateArray());
        Assert.Equal("hello", part.GetProperty("data").GetProperty("said").Text("text"));
        var run = await RunAsync(task);
        Assert.Equal(
            (context, id, "echoes", "both"),
            (run.Text("match_id"), run.Text("round"), run.Text("plan"), run.Text("submitted_by")));
    }

    [Fact]
    public async Task Message_SentTwice_IsOneTask_AndWithOtherContentRefused()
    {
        var id = server.NewId();
        var first = await TaskAsync(A2aServer.Message(id, new { n = 1 }));

        var again = await TaskAsync(A2aServer.Message(id, new { n = 1 }));
        var error = await server.ErrorAsync("SendMessage", A2aServer.Message(id, new { n = 2 }));

        Assert.Equal(first.Text("id"), again.Text("id"));
        Assert.Equal(-32602, error.GetProperty("code").GetInt32());
        Assert.Contains("differs in: n", error.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Message_OfSeveralParts_IsOneInput()
    {
        object[] parts = [new { data = new { n = 1 } }, new { text = "one" }, new { text = """{"m": 2}""" }, new { text = "two" }];

        var task = await TaskAsync(A2aServer.Message(server.NewId(), parts: parts));

        var said = (await RunAsync(task)).GetProperty("input");
        Assert.Equal("""{"n":1,"m":2,"text":"one\ntwo"}""", said.GetRawText().Replace(": ", ":", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Message_ToASkillWithASchema_IsCheckedAgainstIt()
    {
        var error = await server.ErrorAsync("SendMessage", A2aServer.Message(server.NewId(), new { n = "x" }, "strict"));

        Assert.Equal(-32602, error.GetProperty("code").GetInt32());
        var data = error.GetProperty("data").EnumerateArray().ToDictionary(d => d.Text("@type"));
        var info = data["type.googleapis.com/google.rpc.ErrorInfo"];
        Assert.Equal("AG1214", info.GetProperty("metadata").Text("code"));
        var violation = data["type.googleapis.com/google.rpc.BadRequest"].GetProperty("fieldViolations")[0];
        Assert.Contains("n", violation.Text("field"), StringComparison.Ordinal);
        Assert.Contains("strict", violation.Text("description"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Message_ToAnUnknownSkill_SaysWhichThereAre()
    {
        var error = await server.ErrorAsync("SendMessage", A2aServer.Message(server.NewId(), skill: "echos"));

        Assert.Equal(-32602, error.GetProperty("code").GetInt32());
        Assert.StartsWith("message.metadata.skillId: ", error.Text("message"), StringComparison.Ordinal);
        Assert.Contains("did you mean 'echoes'?", error.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Message_OfARunThatFails_IsATaskThatSaysWhy()
    {
        var task = await TaskAsync(A2aServer.Message(server.NewId(), skill: "failing"));

        Assert.Equal("TASK_STATE_FAILED", A2aStream.StateOf(task));
        Assert.Contains(
            "'ms' is missing", task.GetProperty("status").GetProperty("message").GetProperty("parts")[0].Text("text"), StringComparison.Ordinal);
        Assert.False(task.TryGetProperty("artifacts", out _));
    }

    [Fact]
    public async Task Cancel_OfATask_IsOfItsRun_AndCanBeRepeated()
    {
        var task = await TaskAsync(A2aServer.Message(server.NewId(), skill: "slow", now: true));
        var id = task.Text("id");
        Assert.Contains(A2aStream.StateOf(task), (string[])["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"]);

        foreach (var _ in (int[])[1, 2])
        {
            var cancelled = await server.ResultAsync("CancelTask", new { id });
            Assert.Equal("TASK_STATE_CANCELED", A2aStream.StateOf(cancelled));
        }

        var done = await TaskAsync(A2aServer.Message(server.NewId()));
        var error = await server.ErrorAsync("CancelTask", new { id = done.Text("id") });
        Assert.Equal(-32002, error.GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Wait_ForAPerson_IsInputRequired_AndTheMessageThatFollowsIsTheDecision()
    {
        var task = await TaskAsync(A2aServer.Message(server.NewId(), skill: "reviewed"));
        var id = task.Text("id");
        Assert.Equal("TASK_STATE_INPUT_REQUIRED", A2aStream.StateOf(task));
        var asked = task.GetProperty("status").GetProperty("message").GetProperty("parts");
        Assert.Equal("Shall it go out?", asked[0].Text("text"));
        Assert.Equal("first", asked[1].GetProperty("data").GetProperty("waits")[0].Text("step"));

        var unclear = await server.ErrorAsync("SendMessage", A2aServer.Message(server.NewId(), new { aproved = true }, task: id));
        Assert.Equal(-32602, unclear.GetProperty("code").GetInt32());

        var yes = server.NewId();
        var next = await TaskAsync(A2aServer.Message(yes, new { approved = true }, task: id));
        Assert.Equal("TASK_STATE_INPUT_REQUIRED", A2aStream.StateOf(next));
        Assert.Equal("Really?", next.GetProperty("status").GetProperty("message").GetProperty("parts")[0].Text("text"));
        Assert.NotEqual(MessageIdOf(task), MessageIdOf(next));

        // Sent again it is still the answer to the first question, and not one to the second.
        var again = await TaskAsync(A2aServer.Message(yes, new { approved = true }, task: id));
        Assert.Equal("Really?", again.GetProperty("status").GetProperty("message").GetProperty("parts")[0].Text("text"));

        var last = await TaskAsync(A2aServer.Message(server.NewId(), new { approved = true }, task: id));
        Assert.Equal("TASK_STATE_COMPLETED", A2aStream.StateOf(last));
        Assert.Equal("TASK_STATE_COMPLETED", A2aStream.StateOf(await TaskAsync(A2aServer.Message(yes, new { approved = true }, task: id))));
        var late = await server.ErrorAsync("SendMessage", A2aServer.Message(server.NewId(), new { approved = true }, task: id));
        Assert.Equal(-32004, late.GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Wait_ForASignal_TakesAnyValue()
    {
        var task = await TaskAsync(A2aServer.Message(server.NewId(), skill: "paid"));

        var paid = await TaskAsync(A2aServer.Message(server.NewId(), 7, task: task.Text("id"), context: task.Text("contextId")));

        Assert.Equal("TASK_STATE_COMPLETED", A2aStream.StateOf(paid));
        Assert.Equal(
            7, paid.GetProperty("artifacts")[0].GetProperty("parts")[0].GetProperty("data").GetProperty("paid").GetInt32());
    }

    [Fact]
    public async Task Waits_OfSeveralSteps_AskForTheName()
    {
        var id = (await TaskAsync(A2aServer.Message(server.NewId(), skill: "two"))).Text("id");

        var which = await server.ErrorAsync("SendMessage", A2aServer.Message(server.NewId(), new { approved = true }, task: id));
        Assert.StartsWith("message.metadata.step: Several steps wait; name one: 'left', 'right'", which.Text("message"), StringComparison.Ordinal);

        var one = await TaskAsync(A2aServer.Message(server.NewId(), new { approved = true }, task: id, step: "right"));
        Assert.Equal("Left?", one.GetProperty("status").GetProperty("message").GetProperty("parts")[0].Text("text"));
    }

    [Fact]
    public async Task Message_ToATaskOfAnotherContext_OrToOneThatWaitsForNothing_IsRefused()
    {
        var id = (await TaskAsync(A2aServer.Message(server.NewId(), skill: "slow", now: true))).Text("id");

        var other = await server.ErrorAsync("SendMessage", A2aServer.Message(server.NewId(), task: id, context: "another"));
        var idle = await server.ErrorAsync("SendMessage", A2aServer.Message(server.NewId(), task: id));
        var none = await server.ErrorAsync("SendMessage", A2aServer.Message(server.NewId(), task: new string('0', 32)));

        Assert.Equal(
            [-32602, -32004, -32001],
            new[] { other, idle, none }.Select(e => e.GetProperty("code").GetInt32()));
        Assert.Equal("TASK_NOT_FOUND", none.GetProperty("data")[0].Text("reason"));
        Assert.Equal("a2a-protocol.org", none.GetProperty("data")[0].Text("domain"));
    }

    [Fact]
    public async Task Stream_OfANewTask_HasItsEventsAndItsResult_AndEndsWithIt()
    {
        await using var stream = await server.StreamAsync("SendStreamingMessage", A2aServer.Message(server.NewId(), new { n = 1 }));

        var results = await stream.ToEndAsync();

        Assert.Equal("TASK_STATE_SUBMITTED", A2aStream.StateOf(stream.Task));
        var states = results.Where(IsUpdate).Select(r => A2aStream.StateOf(r.GetProperty("statusUpdate"))).Distinct();
        Assert.Equal(["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING", "TASK_STATE_COMPLETED"], states);
        Assert.True(results[^2].TryGetProperty("artifactUpdate", out var artifact));
        Assert.Equal(1, artifact.GetProperty("artifact").GetProperty("parts")[0].GetProperty("data").GetProperty("said").GetProperty("n").GetInt32());
        Assert.Contains("a:done", results.Where(IsUpdate).Select(StageOf));
        Assert.Equal("completed", StageOf(results[^1]));
    }

    [Fact]
    public async Task Streams_OfOneTask_TellTheSameInTheSameOrder_AndOneThatGoesDisturbsNobody()
    {
        var task = await TaskAsync(A2aServer.Message(server.NewId(), skill: "reviewed"));
        var id = task.Text("id");
        await using var one = await server.StreamAsync("SubscribeToTask", new { id });
        await using var other = await server.StreamAsync("SubscribeToTask", new { id });
        await using (var gone = await server.StreamAsync("SubscribeToTask", new { id }))
        {
            Assert.Equal(id, gone.Task.Text("id"));
        }

        await server.ResultAsync("SendMessage", A2aServer.Message(server.NewId(), new { approved = true }, task: id));
        await one.UntilAsync("second:waiting");
        // One that comes back goes on from where the task stands.
        await using var back = await server.StreamAsync("SubscribeToTask", new { id });
        Assert.Equal("TASK_STATE_INPUT_REQUIRED", A2aStream.StateOf(back.Task));
        Assert.Equal("Really?", back.Task.GetProperty("status").GetProperty("message").GetProperty("parts")[0].Text("text"));
        await server.ResultAsync("SendMessage", A2aServer.Message(server.NewId(), new { approved = true }, task: id));

        var told = (await one.ToEndAsync()).Where(IsUpdate).ToArray();
        var stages = told.Select(StageOf).ToArray();
        Assert.Equal(
            ["first:received", "first:done", "second:waiting", "second:received", "second:done", "completed"],
            stages[Array.IndexOf(stages, "first:received")..]);
        foreach (var (stream, least) in new[] { (other, 6), (back, 3) })
        {
            // Each is told everything from where it began, and nothing else.
            var same = (await stream.ToEndAsync()).Where(IsUpdate).Select(r => r.GetRawText()).ToArray();
            Assert.InRange(same.Length, least, told.Length);
            Assert.Equal(told[^same.Length..].Select(r => r.GetRawText()), same);
        }

        var over = await server.ErrorAsync("SubscribeToTask", new { id });
        Assert.Equal(-32004, over.GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Stream_OfAMessageThatWasSentBefore_IsTheTaskAsItIs()
    {
        var message = A2aServer.Message(server.NewId());
        var task = await TaskAsync(message);

        await using var stream = await server.StreamAsync("SendStreamingMessage", message);

        Assert.Single(await stream.ToEndAsync());
        Assert.Equal(("TASK_STATE_COMPLETED", task.Text("id")), (A2aStream.StateOf(stream.Task), stream.Task.Text("id")));
    }

    [Fact]
    public async Task List_FiltersAndPages()
    {
        var context = server.NewId("c");
        foreach (var skill in (string[])["echoes", "reviewed", "slow"])
        {
            await TaskAsync(A2aServer.Message(server.NewId(), context: context, skill: skill, now: skill == "slow"));
        }

        var all = await server.ResultAsync("ListTasks", new { contextId = context, includeArtifacts = true, historyLength = 5 });
        Assert.Equal((3, "", 50), (all.GetProperty("totalSize").GetInt32(), all.Text("nextPageToken"), all.GetProperty("pageSize").GetInt32()));
        Assert.Single(all.GetProperty("tasks").EnumerateArray(), t => t.TryGetProperty("artifacts", out _));
        Assert.All(all.GetProperty("tasks").EnumerateArray(), t => Assert.Equal(1, t.GetProperty("history").GetArrayLength()));

        var waiting = await server.ResultAsync("ListTasks", new { contextId = context, status = "TASK_STATE_INPUT_REQUIRED" });
        Assert.Equal("reviewed", Assert.Single(waiting.GetProperty("tasks").EnumerateArray()).GetProperty("metadata").Text("skillId"));
        var rejected = await server.ResultAsync("ListTasks", new { status = "TASK_STATE_REJECTED" });
        Assert.Equal(0, rejected.GetProperty("tasks").GetArrayLength());

        var seen = new List<string>();
        var token = "";
        do
        {
            var page = await server.ResultAsync("ListTasks", new { contextId = context, pageSize = 2, pageToken = token });
            seen.AddRange(page.GetProperty("tasks").EnumerateArray().Select(t => t.Text("id")));
            token = page.Text("nextPageToken");
        }
        while (token.Length > 0);
        Assert.Equal(all.GetProperty("tasks").EnumerateArray().Select(t => t.Text("id")), seen);
    }

    private static bool IsUpdate(JsonElement result) => result.TryGetProperty("statusUpdate", out _);

    private static string StageOf(JsonElement result) =>
        result.GetProperty("statusUpdate").GetProperty("metadata").GetProperty("event").Text("stage");

    private async Task<JsonElement> TaskAsync(object message) => (await server.ResultAsync("SendMessage", message)).GetProperty("task");

    private async Task<JsonElement> RunAsync(JsonElement task)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, task.GetProperty("metadata").Text("run"));
        request.Headers.Add("X-Api-Key", A2aServer.Reader);
        using var response = await server.Http.SendAsync(request);
        return await response.JsonAsync();
    }

    private static string MessageIdOf(JsonElement task) => task.GetProperty("status").GetProperty("message").Text("messageId");
}
