using Microsoft.Extensions.Options;

namespace AgentGrid.Api.Settings;

/// <summary>
/// Options that are read from the section <c>AgentGrid</c>, and refused where it cannot be understood.
/// </summary>
public static class SectionOptions
{
    /// <summary>Options that <paramref name="read"/> reads; each of its problems is one of the start.</summary>
    public static OptionsBuilder<T> ReadSection<T>(this OptionsBuilder<T> builder, Action<SectionReader, T> read)
        where T : class, new()
    {
        builder.Services.AddSingleton<IValidateOptions<T>>(
            services => new Validation<T>(services.GetRequiredService<IConfiguration>(), read));
        return builder.Configure<IConfiguration>(
            (options, configuration) => read(new SectionReader(configuration), options));
    }

    private sealed class Validation<T>(IConfiguration configuration, Action<SectionReader, T> read)
        : IValidateOptions<T>
        where T : class, new()
    {
        public ValidateOptionsResult Validate(string? name, T options)
        {
            var reader = new SectionReader(configuration);
            read(reader, new T());
            return reader.Problems.Count == 0
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail(reader.Problems);
        }
    }
}
