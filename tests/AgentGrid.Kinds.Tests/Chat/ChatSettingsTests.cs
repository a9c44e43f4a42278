using System.ClientModel.Primitives;
using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Chat;
using AgentGrid.Kinds.Tests.Http;
using OpenAI.Chat;

namespace AgentGrid.Kinds.Tests.Chat;

/// <summary>What is said of an agent of the kind <c>chat</c>.</summary>
public sealed class ChatSettingsTests
{
    [Theory]
    [InlineData("model: m, api_key: \"${env:KEY}\"")]
    [InlineData("model: m, endpoint: \"http://127.0.0.1:11434/v1\"")]
    [InlineData("model: m, api_key: k, output_schema: { \"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"$id\": \"https://example.com/a\", type: object }")]
    [InlineData("model: m, endpoint: \"${env:ENDPOINT}\", prompt: \"{{ input }} {{ input.a[0] }} {{input[\\\"odd name\\\"]}} {{{{ }}\"")]
    public void Read_Good_HasNoProblems(string keys) => Assert.Empty(Agents.Read(new ChatKind(), $"kind: chat, {keys}").Problems);

    [Theory]
    [InlineData("api_key: k", "AG1008", "'model' must say which model to ask")]
    [InlineData("model: 4, api_key: k", "AG1004", "'model': expected a text, got the number 4. Put it in quotes.")]
    [InlineData("model: m", "AG1008", "'api_key' must be a secret, as \"${env:OPENAI_API_KEY}\", or 'endpoint' another one")]
    [InlineData("model: m, endpoint: localhost", "AG1024", "'endpoint' cannot be 'localhost'")]
    [InlineData("model: m, api_key: k, tools: [search]", "AG1004", "'tools': expected a mapping, got a list.")]
    [InlineData("model: m, api_key: k, tools: { max_calls: 3 }", "AG1008", "'tools' must say what the model may call")]
    [InlineData("model: m, api_key: k, tools: { agent: [search], mcp: [{ url: \"http://a/mcp\" }] }", "AG1002", "unknown key 'agent', did you mean 'agents'?")]
    [InlineData("model: m, api_key: k, tools: { mcp: [{ url: \"http://a/mcp\", onyl: [x] }] }", "AG1002", "unknown key 'onyl', did you mean 'only'?")]
    [InlineData("model: m, api_key: k, tools: { mcp: { url: \"http://a/mcp\" } }", "AG1004", "'mcp': expected a list of 1 to 32 servers")]
    [InlineData("model: m, api_key: k, tools: { mcp: [{}] }", "AG1008", "either 'url' or 'command' must say where the server is")]
    [InlineData("model: m, api_key: k, tools: { agents: [testde] }", "AG1011", "unknown agent 'testde', did you mean 'tested'?")]
    [InlineData("model: m, api_key: k, tools: { agents: [tested] }", "AG1013", "'tested' would call itself, and could wait for its own slot")]
    [InlineData("model: m, api_key: k, promt: x", "AG1002", "unknown key 'promt', did you mean 'prompt'?")]
    [InlineData("model: m, api_key: k, prompt: \"{{ text }}\"", "AG1111", "'prompt': a path begins with 'input', which is all that the agent is given: did you mean 'input.text'?")]
    [InlineData("model: m, api_key: k, system: \"{{ inputs.text }}\"", "AG1111", "'system': a path begins with 'input', which is all that the agent is given: did you mean 'input.text'?")]
    [InlineData("model: m, api_key: k, prompt: \"{{ input.text | upper }}\"", "AG1109", "'prompt': 'input.text | upper', at character ")]
    [InlineData("model: m, api_key: k, prompt: \"a {{ input.text\"", "AG1109", "'prompt': '{{ input.text' is not closed: write {{ input.name }}, or {{{{ for {{ itself.")]
    [InlineData("model: m, api_key: k, temperature: 3", "AG1005", "'temperature' must be 0 to 2, not 3.")]
    [InlineData("model: m, api_key: k, max_output_tokens: 0", "AG1005", "'max_output_tokens' must be 1 to ")]
    [InlineData("model: m, api_key: k, stop: END", "AG1004", "'stop': expected a list of at most 16 texts, got the text 'END'.")]
    [InlineData("model: m, api_key: k, stop: [1]", "AG1004", "'stop': expected a list")]
    [InlineData("model: m, api_key: k, structured: schema", "AG1013", "'structured' says how an answer is kept to 'output_schema', but there is none.")]
    [InlineData("model: m, api_key: k, output_schema: plan.json", "AG1004", "'output_schema': expected a JSON schema")]
    [InlineData("model: m, api_key: k, output_schema: { type: objekt }", "AG1025", "'output_schema' is not a JSON schema: ")]
    [InlineData("model: m, api_key: k, output_schema: { \"$ref\": \"#/$defs/none\" }", "AG1025", "'output_schema' is not a JSON schema: ")]
    [InlineData("model: m, api_key: k, output_schema: { type: object }, structured: json", "AG1014", "'structured' cannot be 'json'; known: object, prompt, schema.")]
    [InlineData("model: m, api_key: k, output: text", "AG1014", "'output' cannot be 'text'; known: full, value.")]
    public void Read_Mistakes_AreReportedAtTheirPlace(string keys, string code, string message)
    {
        var problem = Assert.Single(Agents.Read(new ChatKind(), $"kind: chat, {keys}").Problems);
        Assert.Equal((code, 2), (problem.Code, problem.Line));
        Assert.StartsWith(message, problem.Message);
    }

    [Theory]
    [InlineData("b: { kind: chat, model: m, api_key: k, tools: { agents: [a] } }", "'a' would call itself through 'b'")]
    [InlineData("b: { kind: chat, model: m, api_key: k, max_concurrency_total: 2 }", "'b' has 'max_concurrency_total', which calls by other agents would not respect")]
    public void Read_CallsThatCannotBe_AreReportedWhereTheyAreNamed(string b, string message)
    {
        var problems = ConfigReader.Read(
            [new ConfigFile("agents.yaml", $"agents:\n  a:\n    {{ kind: chat, model: m, api_key: k, tools: {{ agents: [b] }} }}\n  {b}\n")],
            AgentCatalog.Empty.With(new ChatKind())).Problems;

        Assert.Equal(3, problems[0].Line);
        Assert.StartsWith(message, problems[0].Message);
    }

    [Fact]
    public void Target_IsModelAndEndpoint()
    {
        var kind = Agents.Read(new ChatKind(), "kind: chat, model: m, api_key: \"${env:KEY}\"").Config!.Agents["tested"].Kind!;
        Assert.Equal("m at https://api.openai.com/v1", kind.Target);
    }

    [Theory]
    [InlineData("https://api.openai.com/v1", true)]
    [InlineData("https://mine.openai.azure.com/openai/v1", true)]
    [InlineData("https://api.openai.com.example.com/v1", false)]
    [InlineData("http://vllm:8000/v1", false)]
    public void MaxOutputTokens_AreNamedAsTheEndpointKnowsThem(string endpoint, bool isNewName)
    {
        var agent = Agents.Read(new ChatKind(), "kind: chat, model: m, api_key: k, max_output_tokens: 7").Config!.Agents["tested"];
        var options = ChatRequest.Options((ChatSettings)agent.Kind!.Settings!, new Uri(endpoint), []);
        using var sent = new MemoryStream();
        using (var writer = new Utf8JsonWriter(sent))
        {
            ((IJsonModel<ChatCompletionOptions>)options.RawRepresentationFactory!(null!)!)
                .Write(writer, ModelReaderWriterOptions.Json);
        }
        var body = JsonElement.Parse(sent.ToArray());
        Assert.Equal(isNewName, body.TryGetProperty("max_completion_tokens", out var newer) && newer.GetInt32() == 7);
        Assert.Equal(!isNewName, body.TryGetProperty("max_tokens", out var older) && older.GetInt32() == 7);
    }
}
