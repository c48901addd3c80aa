/** The parameters of a plan or run in sentences, by topic. */
import type { Topic } from './words.ts';

export const Topics = ({ topics }: { topics: readonly Topic[] }) => (
  <dl className="plan-topics">
    {topics.map((topic) => (
      <div key={topic.title} className="plan-topic">
        <dt>{topic.title}</dt>
        <dd>
          {topic.said.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </dd>
      </div>
    ))}
  </dl>
);
