using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AgentGrid.Api.Runs;
using AgentGrid.Core;

namespace AgentGrid.Api;

/// <summary>Makes the answers of ASP.NET Core look like everything else that Agent Grid writes.</summary>
internal static class JsonConventions
{
    public static void Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = Json.Options.PropertyNamingPolicy;
        options.DictionaryKeyPolicy = Json.Options.DictionaryKeyPolicy;
        options.DefaultIgnoreCondition = Json.Options.DefaultIgnoreCondition;
        options.MaxDepth = Json.Options.MaxDepth;
        // Answers are not put into HTML; escaping '&' and quotes there would only make links hard to read.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.TypeInfoResolver = (options.TypeInfoResolver ?? new DefaultJsonTypeInfoResolver())
            .WithAddedModifier(CandidateWords.Add);
        foreach (var converter in Json.Options.Converters)
        {
            options.Converters.Add(converter);
        }
    }
}
