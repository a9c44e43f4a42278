using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>What waits for people, in the inbox and at its run.</summary>
[Collection(BrowserCollection.Name)]
public sealed class ApprovalsTests(Chromium chromium)
{
    private const string Review = """
        {"make":{"agent":"echo","with":{"clip":"input.clip"}},
         "review":{"needs":["make"],"with":{"clip":"make.clip"},"approve":{"title":"Publish {{ make.clip }}?","form":{
           "properties":{"stars":{"type":"integer","title":"Stars","maximum":5},"front":{"type":"boolean"},
                         "where":{"type":"string","enum":["top","below"]}},
           "required":["stars"]}}}}
        """;

    [Fact]
    public async Task Inbox_FilledInAndRejected_LeadsWhereItSays()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        var first = await server.PostAsync("first", Review, ",\"clip\":\"<b>ace</b>\"");
        await page.GoAsync("#/runs");
        await page.SeesAsync(".rows .row", "awaiting");

        await page.ClickAsync("nav a", "Inbox");
        await page.SeesAsync(".approval h3", "Publish <b>ace</b>?");
        await page.FillAsync(".approval input[type=text]", "6");
        await page.ClickAsync(".approval button", "Approve");
        await page.SeesAsync(".approval [role=alert]", "values.stars: expected at most 5, got 6");
        await page.FillAsync(".approval input[type=text]", "4");
        await page.ChooseAsync(".approval select", "1");
        await page.FillAsync(".approval textarea", "fine");
        await page.ClickAsync(".approval button", "Approve");
        await page.SeesAsync("main", "Nothing waits for a decision.");
        await page.GoAsync($"#/runs/{first}?step=review");
        await page.SeesAsync(".run-head .state", "completed");
        await page.SeesAsync(".step", "comment: \"fine\"");

        var second = await server.PostAsync("second", Review, ",\"clip\":\"two\"");
        await page.GoAsync($"#/runs/{second}");
        await page.SeesAsync(".run-head .state", "awaiting");
        await page.SeesAsync(".held-up", "Waits for a decision.");
        await page.ClickAsync(".approval button", "Reject");
        await page.SeesAsync(".run-head .state", "failed");
        await page.SeesAsync(".run .error-box, .error-box", "rejected");
        page.HasNotComplained();
    }
}
